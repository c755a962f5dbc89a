// Plays the table of hostile inputs, and random cases, to klatch and to Node's Socket.IO, and fails if
// anything is not the same that docs/differences.md does not tell of. `cargo xtask differential` runs it.

import { parseArgs } from "node:util";
import { Campaign } from "./campaign.mjs";
import { unlisted } from "./differences/listed.mjs";
import { Pair } from "./pair.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    cases: { type: "string", default: "300" },
    minutes: { type: "string" },
    only: { type: "string" },
  },
});
const [apps] = positionals;
const campaign = new Campaign((settings) => Pair.start(apps, settings));

for (const { id, row } of unlisted()) {
  throw new Error(`docs/differences.md has no row for the rule \`${id}\`: ${row}`);
}
if (options.only === undefined) {
  await table();
  await random(Number(options.seed ?? Date.now() % 1_000_000_000));
} else {
  await campaign.rows(options.only);
}
process.exitCode = verdict() ? 0 : 1;

async function table() {
  const began = Date.now();
  await campaign.rows();
  // Where others use the machine, a step may have been late for a timer of the one before.
  if (campaign.stale.length > 0) await campaign.slowRows();
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(`table: all rows in ${seconds} s`);
  for (const { id } of campaign.stale) console.log(`no row needs the rule \`${id}\` any more`);
  if (campaign.stale.length > 0) campaign.differing.push("rules that no row needs");
}

async function random(seed) {
  console.log(`random: from seed ${seed} on`);
  const began = Date.now();
  const rate = (played) => `${((played * 1000) / (Date.now() - began)).toFixed(1)} a second`;
  const until = began + Number(options.minutes) * 60_000;
  let told = began;
  const { played, whole } = await campaign.seeds(seed, (played) => {
    if (Date.now() - told > 10_000) {
      told = Date.now();
      console.log(`  ${played} cases, ${rate(played)}`);
    }
    return options.minutes === undefined ? played < Number(options.cases) : Date.now() < until;
  });
  console.log(`random: ${played} cases, ${whole} of them the same to their end; ${rate(played)}`);
}

function verdict() {
  const { used, differing, unsteady } = campaign;
  console.log("how often a rule allowed a difference:");
  for (const [{ id }, times] of [...used].sort(([, one], [, other]) => other - one)) {
    console.log(`${String(times).padStart(8)}  ${id}`);
  }
  if (unsteady.length > 0) console.log(`seen, and not seen again: ${unsteady.join("; ")}`);
  if (differing.length === 0) console.log("no difference that is not listed");
  else console.log(`differences that are not listed: ${differing.join("; ")}`);
  return differing.length === 0;
}
