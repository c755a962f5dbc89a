// The session that a step is of, with what its client said and heard before.

import { packet, said } from "./said.mjs";

const sidOf = ({ query, bytes }) => /sid=(\{s\d\})/.exec(query ?? bytes ?? "")?.[1];

/** Whether its client is in a namespace, as far as it was told. */
export function isIn(nsp, seen) {
  const ends = [...saidBefore(seen), ...heard(seen)].filter(
    (it) => it.nsp === nsp && it.type === 1,
  );
  return entries(nsp, seen).length > ends.length;
}

/** How many of its CONNECTs to a namespace were not answered yet. */
export function pending(nsp, seen) {
  const refusals = heard(seen).filter((it) => it.nsp === nsp && it.type === 4);
  return asked(nsp, seen).length - entries(nsp, seen).length - refusals.length;
}

/** Its CONNECTs to a namespace, in earlier steps. */
export const asked = (nsp, seen) =>
  saidBefore(seen).filter((it) => it.nsp === nsp && it.type === 0);

/** Whether somebody reads what is sent by polling. */
export function isPolled(seen) {
  const lines = linesOf(seen);
  const isGone = ({ line }) => seen.before.some((one) => one.act === "drop" && one.line === line);
  return seen.before.some((one) => one.act === "poll" && lines.has(one.line) && !isGone(one));
}

const entries = (nsp, seen) => heard(seen).filter((it) => it.nsp === nsp && it.type === 0);

/** The lines whose requests name the session that the step's own line names, and that line. */
function linesOf({ step, before }) {
  const all = [...before, step];
  const sid = all
    .filter(({ line }) => line === step.line)
    .map(sidOf)
    .find(Boolean);
  const others = all.filter((one) => sid !== undefined && sidOf(one) === sid);
  return new Set([step.line, ...others.map(({ line }) => line)]);
}

function saidBefore(seen) {
  const lines = linesOf(seen);
  const messages = seen.before.flatMap((step, index, all) =>
    lines.has(step.line) ? said({ step, before: all.slice(0, index) }) : [],
  );
  return messages.map(packet).filter(Boolean);
}

function heard(seen) {
  const items = [...linesOf(seen)].flatMap((line) => seen.past.lines[line] ?? []);
  const messages = items.flatMap(
    ({ text, packet, body = "" }) => text ?? packet ?? body.split("\x1e"),
  );
  return messages.map(packet).filter(Boolean);
}
