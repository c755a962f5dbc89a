// Plays a case to two servers, step by step, and finds the first thing that is not the same.

import { isDeepStrictEqual } from "node:util";
import { end, post } from "./script.mjs";

/** How long one may take longer than the other: Node sends a noop during an upgrade after 100 ms. */
const LATER = 250;
const SOON = 25;

/**
 * The first difference that no rule allows, or `undefined`; `used` is told the rules that allowed one. A
 * case that goes on differently is played no further.
 */
export async function play(script, [node, klatch], rules, used = () => {}) {
  let isOver = false;
  try {
    let steps = script;
    const past = { lines: {}, seen: {} };
    for (let index = 0; index < steps.length; index += 1) {
      const step = steps[index];
      await Promise.all([node.step(step), klatch.step(step)]);
      const known = { step, before: steps.slice(0, index), past };
      const { allowed, ...found } = await compare(node, klatch, (seen) => {
        return allow({ ...known, ...seen }, rules);
      });
      add(past, found.klatch);
      if (!allowed) return { script, index, step, ...found };
      allowed.rules.forEach(used);
      if (allowed.isOver) return undefined;
      if (index === script.length - 1) steps = [...script, ...ending(node.sessions)];
    }
    isOver = true;
    return undefined;
  } finally {
    await Promise.all([node.clear(isOver), klatch.clear(isOver)]);
  }
}

/** What both have seen, and the rules that allow it to differ, if they do. */
async function compare(node, klatch, allowing) {
  const seen = { node: node.take(), klatch: klatch.take() };
  const until = Date.now() + LATER;
  for (;;) {
    const allowed = allowing(seen);
    if (allowed || Date.now() > until) return { allowed, ...seen };
    await Promise.all([node.more(SOON), klatch.more(SOON)]);
    add(seen.node, node.take());
    add(seen.klatch, klatch.take());
  }
}

/** The rules by which two servers may have done what they did; `isOver` if they go on differently. */
function allow(seen, { alike, apart }) {
  if (isDeepStrictEqual(seen.node, seen.klatch)) return { rules: [] };
  const likened = { ...seen, node: structuredClone(seen.node) };
  const rules = alike.filter((rule) => {
    const before = JSON.stringify(likened.node);
    rule.liken(likened);
    return JSON.stringify(likened.node) !== before;
  });
  if (isDeepStrictEqual(likened.node, seen.klatch)) return { rules };
  const rule = apart.find((rule) => rule.allows(likened));
  return rule && { rules: [...rules, rule], isOver: true };
}

function add(seen, more) {
  for (const part of ["lines", "seen"]) {
    for (const [name, items] of Object.entries(more[part])) {
      (seen[part][name] ??= []).push(...items);
    }
  }
}

/** Which sessions are still there, and how they end; then all else. */
function ending(sessions) {
  const posts = Array.from({ length: sessions }, (_, nth) => post(`end-${nth}`, "1", nth));
  return [...posts, end];
}
