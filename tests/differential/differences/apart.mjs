// Differences after which the servers go on differently: what follows is not compared. A rule matches what
// was sent, and what each server did with it. `row` is where docs/differences.md tells of it.

import { ENGINE } from "./engine.mjs";
import { PACKETS } from "./packets.mjs";
import { REQUESTS } from "./requests.mjs";

export const APART = [...PACKETS, ...ENGINE, ...REQUESTS];
