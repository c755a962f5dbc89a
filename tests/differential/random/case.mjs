// The case of a seed.

import { framing } from "./frames.mjs";
import { Lot } from "./lot.mjs";
import { requesting } from "./requests.mjs";
import { move, talk } from "./talk.mjs";

export function ofSeed(seed) {
  const lot = new Lot(seed);
  const make = lot.among(
    [10, () => talk],
    [3, () => framing],
    [3, () => requesting],
    [1, () => move],
  );
  return { name: `seed ${seed}, ${make.name}`, seed, script: make(lot) };
}
