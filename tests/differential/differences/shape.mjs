// How what one server did may differ from what the other did.

import { isDeepStrictEqual } from "node:util";
import { namespaces } from "../order.mjs";

/** Why a connection ends for a packet that is none. */
export const FORCED = "forced close";
/** The same on Node, if something waits to be sent before. */
const FORCED_LATER = "forced server close";

const SID_UNKNOWN = '{"code":1,"message":"Session ID unknown"}';

/** Whether `short` did the beginning of what `long` did, and then closed a connection for `reason`. */
export function isCutShort(short, long, reason) {
  return (
    (isOver(short) || Object.keys(short.lines).length === 0 || isRefused(short)) &&
    toldLess(short, long) &&
    sawLess(short, long, reason)
  );
}

/** Whether each client was told on one side the beginning of what it was told on the other. */
export function toldLineByLine(one, other) {
  const only = ({ lines }, line) => ({ lines: { [line]: lines[line] ?? [] } });
  return [...Object.keys(one.lines), ...Object.keys(other.lines)].every((line) => {
    const [ours, theirs] = [only(one, line), only(other, line)];
    return toldLess(ours, theirs) || toldLess(theirs, ours);
  });
}

/** Whether handlers saw the beginning of what they saw with `long`, and then that it was over for `reason`, if any. */
export const sawLess = (short, long, reason) =>
  Object.entries(short.seen).every(
    ([socket, items]) =>
      socket === "server" ||
      begins(
        items.filter((item) => !ended(item, reason)),
        long.seen[socket],
      ),
  );

/** Whether clients were told the beginning of what they were told by `long`, in each namespace. */
export function toldLess(short, long) {
  return Object.entries(short.lines).every(([line, items]) => {
    const all = namespaces((long.lines[line] ?? []).filter(isNoEnd));
    const some = [...namespaces(items.filter(isNoEnd))];
    return some.every(([nsp, group]) => begins(group, all.get(nsp)));
  });
}

/** Whether a connection was closed for this reason, if anybody was there to hear it. */
function ended({ saw, reason }, expected) {
  const isExpected = reason === expected || (expected === FORCED && reason === FORCED_LATER);
  return (saw === "disconnecting" || saw === "disconnect") && isExpected;
}

const begins = (items, longer = []) => isDeepStrictEqual(items, longer.slice(0, items.length));

/** Whether a client was told that its connection is over. */
export const isOver = ({ lines }) =>
  Object.values(lines)
    .flat()
    .some(({ close, packet, ends, body }) => {
      return close !== undefined || packet === "1" || ends || body === SID_UNKNOWN;
    });

/** A body that was, by a client that does not poll. */
const isRefused = ({ lines }) =>
  Object.values(lines)
    .flat()
    .some(({ status, body }) => status === 400 && body === "");

/** All but what a client is told, by either transport, when its connection ends; and how a body was taken. */
const isNoEnd = (item) =>
  !item.ends &&
  item.close === undefined &&
  item.packet !== "1" &&
  item.body !== SID_UNKNOWN &&
  item.body !== "ok" &&
  !(item.status === 400 && item.body === "");

/** The answer that a step's own line brought. */
export const answer = ({ step }, side) => side.lines[step.line]?.[0];
