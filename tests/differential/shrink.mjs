// The shortest script that still shows a difference of the same kind.

/** How often a script is tried at most: a difference is to be read soon, too. */
const TRIES = 400;

/** `plays(script)` gives the difference that a script shows, if any. */
export async function shrink(found, plays) {
  let best = found;
  let tries = 0;
  const attempt = async (script) => {
    if (tries >= TRIES) return false;
    tries += 1;
    const seen = await plays(script);
    if (!seen || kind(seen) !== kind(best)) return false;
    best = seen;
    return true;
  };
  for (let before; before !== best && tries < TRIES;) {
    before = best;
    await dropSteps(() => best.script, attempt);
    await shorten(() => best.script, attempt);
  }
  return best;
}

/** Which servers saw something else, and where: not what. */
function kind({ node, klatch }) {
  const parts = ["lines", "seen"].filter(
    (part) => JSON.stringify(node[part]) !== JSON.stringify(klatch[part]),
  );
  const reasons = [node, klatch].map(({ seen }) =>
    Object.values(seen)
      .flat()
      .map(({ saw, reason }) => reason ?? saw),
  );
  return JSON.stringify([parts, reasons.map((all) => [...new Set(all)].sort())]);
}

async function dropSteps(current, attempt) {
  for (
    let size = Math.ceil(current().length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = current().length - size; at >= 0; at -= size) {
      await attempt(current().toSpliced(at, size));
    }
  }
}

async function shorten(current, attempt) {
  for (let at = 0; at < current().length; at += 1) {
    for (const simpler of simplifications(current()[at])) {
      if (JSON.stringify(simpler) === JSON.stringify(current()[at])) continue;
      await attempt(current().with(at, simpler));
    }
  }
}

/** The same step with less in it: fewer frames, packets or headers, and shorter ones. */
function* simplifications(step) {
  if (step.act === "frames") {
    for (const at of step.frames.keys()) yield { ...step, frames: step.frames.toSpliced(at, 1) };
    for (const [at, one] of step.frames.entries()) {
      for (const data of shorter(one.data))
        yield { ...step, frames: step.frames.with(at, { ...one, data }) };
    }
  } else if (step.act === "http") {
    for (const at of step.headers.keys()) yield { ...step, headers: step.headers.toSpliced(at, 1) };
    const packets = step.body?.split("\x1e") ?? [];
    for (const at of packets.keys()) yield { ...step, body: packets.toSpliced(at, 1).join("\x1e") };
    for (const body of shorter(step.body ?? "")) yield { ...step, body };
  } else if (step.act === "raw") {
    for (const bytes of shorter(step.bytes)) yield { ...step, bytes };
  }
}

/** Texts that lack a part of this one. */
function* shorter(text) {
  for (let size = Math.floor(text.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= text.length; at += size)
      yield text.slice(0, at) + text.slice(at + size);
  }
}
