// That docs/differences.md tells of what the rules allow.

import { readFileSync } from "node:fs";
import { ALIKE } from "./alike.mjs";
import { APART } from "./apart.mjs";

const DOCUMENT = new URL("../../../docs/differences.md", import.meta.url);

/** The rules that the document has no row for. */
export function unlisted() {
  const rows = readFileSync(DOCUMENT, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| "));
  const whats = rows.map((row) => row.split(" | ")[0]);
  return [...ALIKE, ...APART].filter(({ row }) => !whats.some((what) => what.includes(row)));
}
