// S, B, T: differences for what Socket.IO's packets say.

import { isDeepStrictEqual } from "node:util";
import { depth, eventName, isMuchAtOnce, packet, said } from "./said.mjs";
import { asked, isIn, pending } from "./session.mjs";
import { FORCED, isCutShort, isOver, sawLess, toldLess, toldLineByLine } from "./shape.mjs";
import { isFramed } from "./written.mjs";

const BY_SERVER = "server namespace disconnect";
const LARGEST_ID = 2n ** 64n - 1n;

/** klatch closes for a packet that Node takes, or not yet closes for. */
const stricter = (id, row, fits) => ({
  id,
  row,
  allows: (seen) =>
    some(seen, fits) &&
    (isCutShort(seen.klatch, seen.node, FORCED) ||
      (isLeaving(seen) && isOver(seen.klatch) && sawLess(seen.klatch, seen.node, FORCED))),
});

/** Node closes for a packet that klatch takes. */
const laxer = (id, row, fits) => ({
  id,
  row,
  allows: (seen) => some(seen, fits) && isCutShort(seen.node, seen.klatch, FORCED),
});

const some = (seen, fits) =>
  said(seen).some((message) => {
    const found = packet(message);
    return found !== undefined && fits(found, seen);
  });

/** An event whose handler ends the connection. */
const endsAll = (it) => isEvent(it) && /^(bye-all|close)$/.test(eventName(it));
const isEvent = ({ type }) => type === 2 || type === 5;

export const PACKETS = [
  stricter("S3", "`42` without a payload", (it) => isEvent(it) && it.json === ""),
  stricter("B3", "attachment counts such as `1e1`", ({ count }) => {
    return count !== undefined && !/^\d+$/.test(count) && Number(count) >= 1 && Number(count) <= 10;
  }),
  stricter(
    "an id where there is none",
    "an ack id on CONNECT or DISCONNECT",
    ({ type, id }) => type < 2 && id !== "",
  ),
  stricter(
    "S8",
    "an ack id beyond 64 bits",
    ({ id }) => /^\d+$/.test(id) && BigInt(id) > LARGEST_ID,
  ),
  stricter("S24", "JSON depth", ({ json }) => depth(json) > 128),
  stricter("S15 a long name", "a namespace's name; an event's name", ({ nsp }) => nsp.length > 128),
  stricter(
    "a long name of an event",
    "a namespace's name; an event's name",
    (it) => isEvent(it) && Buffer.byteLength(eventName(it) ?? "") > 256,
  ),
  stricter(
    "B5",
    "a placeholder `0.5`",
    ({ count, json }) => count !== undefined && /"num"\s*:\s*-?[\d.]*[.eE]/.test(json),
  ),
  stricter("B5 by its text", "a placeholder that has no attachment", isReferredToWrongly),
  stricter(
    "an escaped placeholder",
    "a placeholder whose key is spelled with escapes",
    ({ count, json }) => count !== undefined && /\\u/.test(json),
  ),
  stricter(
    "S11",
    "a second CONNECT while one is pending",
    ({ type, nsp }, seen) => type === 0 && isAskedTwice(nsp, seen),
  ),
  stricter("white space as a type", "white space where a packet has a digit", (it) => it.isBlank),
  stricter(
    "white space in an id",
    "white space where a packet has a digit",
    ({ id, json }) => /\s\d/.test(id) || (/\s/.test(id) && json === ""),
  ),
  stricter(
    "S15 six refusals",
    "namespaces of one connection; refused CONNECTs",
    ({ type }, { past, klatch }) => {
      return type === 0 && refusals(past) + refusals(klatch) > 5;
    },
  ),
  laxer(
    "S9",
    "an event for a namespace that the server just ended",
    ({ nsp }, seen) => wasEnded(nsp, seen.past) && asked(nsp, seen).length > 0,
  ),
  laxer("S9 in one read", "an event behind its CONNECT in one read", ({ nsp }, seen) => {
    const first = said(seen)
      .map(packet)
      .find((it) => it?.nsp === nsp);
    return first?.type === 0 && !isIn(nsp, seen);
  }),
  laxer("B1", "`450-[…]`", ({ count }) => count === "0"),
  laxer("S5", "the events `newListener` and `removeListener`", (it) =>
    /^(new|remove)Listener$/.test(eventName(it)),
  ),
  {
    id: "S13",
    row: "a CONNECT behind a DISCONNECT in one read",
    allows: (seen) =>
      some(seen, ({ nsp }) => comesBehind(seen, nsp, [1], [0])) &&
      isCutShort(withoutWhatIsBehindADisconnect(seen), seen.klatch, FORCED),
  },
  stricter(
    "S12 by WebSocket",
    "an event, or a DISCONNECT, behind a DISCONNECT in one read",
    ({ nsp, type }, seen) =>
      isFramed(seen) && type % 4 !== 0 && comesBehind(seen, nsp, [1], [type]),
  ),
  {
    id: "S12",
    row: "an event, or a DISCONNECT, behind a DISCONNECT in one read",
    allows: ({ node, klatch, ...seen }) =>
      some(seen, ({ type }) => type === 1) &&
      !isDeepStrictEqual(node.seen, klatch.seen) &&
      isDeepStrictEqual(withoutEventsBehindTheEnd(node), klatch.seen) &&
      isDeepStrictEqual(node.lines, klatch.lines),
  },
  {
    id: "two faults in one body",
    row: "a body with a fault of Socket.IO before one of Engine.IO",
    allows: (seen) =>
      said(seen).some((text) => !/^[0-6b]/.test(text)) &&
      seen.step.method === "POST" &&
      isCutShort(seen.klatch, seen.node, "parse error") &&
      isOver(seen.node),
  },
  {
    id: "E7 with more that follows",
    row: "an event before what ends its connection, in one read",
    allows: (seen) => isEndedAtOnce(seen) && toldLess(seen.node, seen.klatch),
  },
  {
    id: "E7 what waits to be sent",
    row: "what waits to be sent when what a client did ends its connection",
    allows: (seen) => isEndedAtOnce(seen) && toldLineByLine(seen.klatch, seen.node),
  },
  {
    id: "S12 what was done",
    row: "an event before a DISCONNECT, in one read",
    allows: (seen) =>
      isLeaving(seen) &&
      isDeepStrictEqual(
        byItself(seen, withoutEventsBehindTheEnd(seen.node)),
        byItself(seen, seen.klatch.seen),
      ) &&
      packets(seen.node).every((text) => packets(seen.klatch).includes(text)),
  },
  {
    id: "S12 in another namespace",
    row: "an event behind one whose handler ends the connection, in one read, in another namespace",
    allows: (seen) =>
      isMuchAtOnce(seen) &&
      new Set(said(seen).map((message) => packet(message)?.nsp)).size > 1 &&
      some(seen, endsAll) &&
      isOver(seen.node) &&
      isDeepStrictEqual(seen.node.seen, seen.klatch.seen) &&
      packets(seen.node).every((text) => packets(seen.klatch).includes(text)),
  },
  {
    id: "white space for an id",
    row: "white space where a packet has a digit",
    allows: (seen) =>
      some(seen, (it) => isEvent(it) && /^\s+$/.test(it.id)) &&
      isDeepStrictEqual(seen.node.seen, seen.klatch.seen) &&
      packets(seen.node).some((text) => packet(text)?.id === "0"),
  },
  {
    id: "a CONNECT and an event behind it",
    row: "a middleware, and an event of another namespace behind the CONNECT, in one read",
    allows: (seen) => {
      const all = said(seen).map(packet);
      const asked = all.findIndex((it) => it?.type === 0 && it.nsp === "/slow");
      return (
        asked >= 0 &&
        all.slice(asked).some((it) => it && isEvent(it) && eventName(it) === "release") &&
        toldLess(seen.node, seen.klatch) &&
        sawLess(seen.node, seen.klatch)
      );
    },
  },
  {
    id: "S12 by the server",
    row: "an event behind one whose handler disconnects, in one read",
    allows: (seen) => isEndedSooner(seen) && isDeepStrictEqual(seen.node.lines, seen.klatch.lines),
  },
  {
    id: "S20",
    row: "an answer that is guessed",
    allows: (seen) =>
      some(seen, ({ type }) => type === 3 || type === 6) &&
      answers(seen.klatch) > answers(seen.node),
  },
  {
    id: "S22",
    row: "namespaces of one connection; refused CONNECTs",
    allows: ({ klatch }) =>
      packets(klatch).some((text) => text.endsWith('{"message":"Too many namespaces"}')),
  },
  {
    id: "B6",
    row: "arguments that are handed on as a `Payload`",
    allows: (seen) =>
      some(seen, (it) => isReferredToOddly(it) || hasProto(it)) &&
      (isDeepStrictEqual(seen.node.seen, seen.klatch.seen) || isEndedSooner(seen)),
  },
  {
    id: "B10",
    row: "attachments of a packet, in all",
    allows: (seen) =>
      said(seen).some((text) => text[0] === "b" && text.length > 50_000) &&
      isCutShort(seen.klatch, seen.node, FORCED),
  },
  {
    id: "B9",
    row: "a packet whose attachments do not all come",
    allows: (seen) => seen.step.act === "pass" && isCutShort(seen.klatch, seen.node, FORCED),
  },
  {
    id: "T3",
    row: "a room's name; rooms of a socket",
    allows: ({ node, klatch }) => rooms(node) > 1024 && rooms(klatch) === 1024,
  },
];

const packets = ({ lines }) =>
  Object.values(lines)
    .flat()
    .map(({ text, packet }) => text ?? packet ?? "");
const refusals = (side) => packets(side).filter((text) => text.startsWith("44")).length;
const wasEnded = (nsp, { seen }) =>
  Object.entries(seen).some(([socket, items]) => {
    return socket.startsWith(`${nsp} #`) && items.some(({ reason }) => reason === BY_SERVER);
  });

/** Whether it is asked for by a client that was asking for it already. */
const isAskedTwice = (nsp, seen) =>
  seen.step.act !== "pass" && pending(nsp, seen) + connects(nsp, seen) > 1;
const connects = (nsp, seen) =>
  said(seen)
    .map(packet)
    .filter((it) => it?.type === 0 && it.nsp === nsp).length;

/** Whether a client said a packet of one of these types to a namespace, and behind it one of those. */
function comesBehind(seen, nsp, these, those) {
  const types = said(seen)
    .map(packet)
    .filter((it) => it?.nsp === nsp)
    .map(({ type }) => type);
  const at = types.findIndex((type) => these.includes(type));
  return at >= 0 && types.slice(at + 1).some((type) => those.includes(type));
}

/** Whether a client said an event, and behind it that it leaves. */
const isLeaving = (seen) => some(seen, ({ nsp }) => comesBehind(seen, nsp, [2, 5], [1]));

/**
 * What sockets saw, but for what a handler that runs may change: why they ended and what they were in; and
 * whether they ended, if it ends the connection.
 */
function byItself(said, seen) {
  const isEnd = ({ saw }) => saw.startsWith("disconnect");
  const { server: _, ...sockets } = seen;
  const kept = Object.entries(sockets).map(([socket, items]) => [
    socket,
    some(said, endsAll)
      ? items.filter((item) => !isEnd(item))
      : items.map((item) => (isEnd(item) ? { saw: item.saw } : item)),
  ]);
  return Object.fromEntries(kept);
}

/** What Node did, but for the events that klatch drops as those of a client that has left. */
function withoutWhatIsBehindADisconnect(seen) {
  if (!some(seen, ({ nsp }) => comesBehind(seen, nsp, [1], [2, 5]))) return seen.node;
  const noEvents = Object.entries(seen.node.seen).map(([socket, items]) => [
    socket,
    items.filter(({ saw }) => saw !== "event"),
  ]);
  return { ...seen.node, seen: Object.fromEntries(noEvents) };
}

function withoutEventsBehindTheEnd({ seen }) {
  const kept = Object.entries(seen).map(([socket, items]) => {
    const end = items.findIndex(({ saw }) => saw === "disconnect");
    const isKept = ({ saw }, at) => end < 0 || at <= end || saw !== "event";
    return [socket, items.filter(isKept)];
  });
  return Object.fromEntries(kept);
}

/** Whether handlers saw less of what came at once, for one of them disconnected. */
const isEndedSooner = (seen) =>
  isMuchAtOnce(seen) &&
  JSON.stringify(seen.klatch.seen).includes(BY_SERVER) &&
  Object.keys(seen.node.seen).every((socket) => endedSooner(seen, socket));

/** Whether a socket that the server disconnected saw the same on both sides, or less of it on klatch. */
function endedSooner({ node, klatch }, socket) {
  const [long, short] = [node, klatch].map(({ seen }) =>
    (seen[socket] ?? []).map((item) => JSON.stringify(item)),
  );
  const isEnded = short.some((item) => item.includes(BY_SERVER));
  const isEvent = (item) => item.includes('"saw":"event"');
  return isEnded
    ? isDeepStrictEqual(
        short,
        long.filter((item) => !isEvent(item) || short.includes(item)),
      )
    : isDeepStrictEqual(short, long);
}

/** Whether both ended a connection for one of the things that came at once. */
const isEndedAtOnce = (seen) =>
  isMuchAtOnce(seen) && isOver(seen.node) && isOver(seen.klatch) && isSeenToo(seen);

/** Whether each socket saw on klatch the events that it saw on Node, or the first of them. */
function isSeenToo({ node, klatch }) {
  const events = ({ seen }, socket) => (seen[socket] ?? []).filter(({ saw }) => saw === "event");
  return Object.keys(klatch.seen).every((socket) => {
    const [long, short] = [events(node, socket), events(klatch, socket)];
    return isDeepStrictEqual(short, long.slice(0, short.length));
  });
}

/** Whether it refers to an attachment that it does not have. */
function isReferredToWrongly({ count, json }) {
  const isThere = (num) => Number.isInteger(num) && num >= 0 && num < Number(count);
  return count !== undefined && !placeholders(json).every(isThere);
}

/** Whether not each of its attachments is referred to once, and in their order. */
function isReferredToOddly({ count, json }) {
  const nums = placeholders(json);
  return (
    count !== undefined && (nums.length !== Number(count) || nums.some((num, at) => num !== at))
  );
}

/** Whether it has a key that Node's encoder sets, which makes it no member but a prototype. */
const hasProto = ({ count, json }) => count !== undefined && /"__proto__"\s*:/.test(json);

/** The numbers of the attachments that JSON refers to, if it is JSON. */
function placeholders(json) {
  const nums = [];
  try {
    JSON.parse(Buffer.from(json, "latin1").toString("utf8"), (_, value) => {
      if (value?._placeholder === true) nums.push(value.num);
      return value;
    });
    return nums;
  } catch {
    return [];
  }
}

const answers = ({ seen }) =>
  Object.values(seen)
    .flat()
    .filter(({ saw }) => saw === "answer").length;
const rooms = ({ seen }) =>
  Math.max(
    0,
    ...Object.values(seen)
      .flat()
      .map((item) => item.rooms?.length ?? 0),
  );
