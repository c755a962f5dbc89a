// What compares two servers is tried with Node beside itself: alike, and with one setting that is not.

import assert from "node:assert/strict";
import { it } from "node:test";
import { Campaign } from "./campaign.mjs";
import { unlisted } from "./differences/listed.mjs";
import { Pair } from "./pair.mjs";
import { ofSeed } from "./random/case.mjs";
import { told } from "./report.mjs";
import { shrink } from "./shrink.mjs";

const STRICT = { alike: [], apart: [] };

it("finds nothing between two that are alike, and needs no rule for that", async () => {
  const campaign = new Campaign((settings) => Pair.start("reference", settings));
  campaign.rules = STRICT;
  await campaign.rows("E16");
  const { played, whole } = await campaign.seeds(1, (played) => played < 20);
  assert.deepEqual([campaign.differing, campaign.unsteady], [[], []]);
  assert.equal(whole, played);
});

it("finds what is not alike, and tells the shortest way there", async () => {
  const pair = await Pair.start("reference", {}, { MAX_PAYLOAD: "200" });
  const found = await pair.play(ofSeed(1).script, STRICT);
  const least = await shrink(found, (script) => pair.play(script, STRICT));
  await pair.stop();
  assert.equal(least.script.length, 1);
  assert.match(told("a difference", least), /node: .*100000.*\n +klatch: .*200/);
});

it("has the same case for a seed, and another for the next", () => {
  assert.deepEqual(ofSeed(7), ofSeed(7));
  assert.notDeepEqual(ofSeed(7).script, ofSeed(8).script);
});

it("allows nothing that the document does not tell of", () => {
  assert.deepEqual(unlisted(), []);
});
