// The whole table of hostile inputs.

import { ENGINE, SLOW_ENGINE } from "./engine.mjs";
import { HTTP, SLOW_HTTP } from "./http.mjs";
import { PACKETS, SLOW_PACKETS } from "./packets.mjs";

export const TABLE = [...HTTP, ...ENGINE, ...PACKETS];

/** Rows that wait for a timer. */
export const SLOW = [...SLOW_HTTP, ...SLOW_ENGINE, ...SLOW_PACKETS];
