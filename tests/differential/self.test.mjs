// What compares two servers is tried with Node beside itself: alike, and with one setting that is not.

import assert from "node:assert/strict";
import { it } from "node:test";
import { Campaign } from "./campaign.mjs";
import { unlisted } from "./differences/listed.mjs";
import { isMuchAtOnce, said } from "./differences/said.mjs";
import { Pair } from "./pair.mjs";
import { ofSeed } from "./random/case.mjs";
import { told } from "./report.mjs";
import { frame, frameOf, frames, post, raw, websocket } from "./script.mjs";
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

it("knows what a client said in a step, wherever its writes begin and end", () => {
  const bytes = Buffer.concat(
    [
      { data: "42[1]" },
      { data: "", opcode: 9 },
      { data: "42[2", fin: false },
      { data: "]", opcode: 0 },
      { data: "ab", opcode: 2, form: 64 },
      { data: "x".repeat(200), form: 16, masked: false },
    ].map(frameOf),
  ).toString("latin1");
  for (let at = 0; at <= bytes.length; at += 1) {
    const before = [...websocket("a"), raw("a", bytes.slice(0, at)), frame("b", "3")];
    const first = said({ step: before[1], before: [before[0]] });
    const behind = said({ step: raw("a", bytes.slice(at)), before });
    const both = [...first, ...behind.slice(first.length === 2 && behind[0] === "42[2]")];
    assert.deepEqual(both, ["42[1]", "42[2]", "bYWI=", "x".repeat(200)]);
  }
});

it("knows whether more than one thing came at once", () => {
  const open = websocket("a");
  const pieces = ["\x81\x01", "3\x81\x01", "3"].map((bytes) => raw("a", bytes));
  const all = [frame("a", "3"), ...pieces, frames("a", [{ data: "3" }, { data: "", opcode: 9 }])];
  assert.deepEqual(
    all.map((step, nth) => isMuchAtOnce({ step, before: [...open, ...all.slice(0, nth)] })),
    [false, false, true, false, true],
  );
  const posts = ["3", "3\x1e3"].map((body) => post("a", body));
  assert.deepEqual(
    posts.map((step) => isMuchAtOnce({ step, before: posts })),
    [false, true],
  );
});
