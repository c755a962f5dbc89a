// A difference as people read it.

import { isDeepStrictEqual } from "node:util";
import { shown } from "./script.mjs";

export function told(name, { script, index, step, node, klatch }) {
  const steps = index < script.length ? script.slice(0, index + 1) : [...script, step];
  const numbered = steps.map((one, at) => `  ${at + 1}. ${shown(one)}`);
  return [`\n${name}`, ...numbered, ...parts(node, klatch), ""].join("\n");
}

/** What came on each line and what each socket's handlers saw, where it is not the same. */
function parts(node, klatch) {
  const all = ["lines", "seen"].flatMap((part) => {
    const names = new Set([...Object.keys(node[part]), ...Object.keys(klatch[part])]);
    return [...names].map((name) => [name, node[part][name] ?? [], klatch[part][name] ?? []]);
  });
  const differing = all.filter(([, ours, theirs]) => !isDeepStrictEqual(ours, theirs));
  return differing.flatMap(([name, ours, theirs]) => [
    `  ${name}`,
    `      node:   ${text(ours)}`,
    `      klatch: ${text(theirs)}`,
  ]);
}

const text = (items) =>
  items.length === 0
    ? "nothing"
    : items
        .map((item) => JSON.stringify(item))
        .join(" ")
        .slice(0, 1200);
