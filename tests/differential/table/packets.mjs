// S and B: what Socket.IO's packets can do to a server; T: what a lot of them can.

import { frame, frameOf, frames, pass, polling, post, raw, websocket } from "../script.mjs";
import { both, byPolling, byWebSocket, bytes, payload, row } from "./row.mjs";

const PLACEHOLDER = '{"_placeholder":true,"num":0}';
const nested = (depth) => `42["event",${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}]`;
const alone = (name, ...packets) => [byPolling(name, packets, []), byWebSocket(name, packets, [])];
const each = (name, list) =>
  list.flatMap((packet) => both(`${name} ${packet.slice(0, 60)}`, packet));

const rooms = (from, count) =>
  Array.from({ length: count }, (_, n) => `42["join","room-${from + n}"]`);
/** The frame of a message in two writes. */
function inPieces(line, data, at) {
  const bytes = frameOf({ data }).toString("latin1");
  return [raw(line, bytes.slice(0, at)), raw(line, bytes.slice(at))];
}

export const PACKETS = [
  ...each("S1", ["4", "49", "4x", "4-1"]),
  ...alone("S1 white space as a type", "4 "),
  ...each("S2", [
    "42{}",
    "42[]",
    "42[null]",
    "42[{}]",
    '42[{"toString":"foo"}]',
    '42"s"',
    "42null",
    '42["event"',
    '42["event"]x',
  ]),
  ...each("S3", ["42", "42/,", "427"]),
  ...each("S4", ['42[1,"x"]', "42[1.5]", "42[-1]", "42[1e3]", "42[1E400]", '42["\\ud800"]']),
  ...each(
    "S5",
    [
      "connect",
      "connect_error",
      "disconnect",
      "disconnecting",
      "newListener",
      "removeListener",
    ].map((name) => `42["${name}"]`),
  ),
  ...both("S5 a long name", `42["${"x".repeat(256)}"]`, `42["${"x".repeat(257)}"]`),
  ...each("S8", [
    '42-1["event"]',
    '421.5["event"]',
    '421e3["event"]',
    '4299999999999999999999["echo"]',
    '42 ["event"]',
    '42007["echo"]',
    '42 ["echo"]',
    '42\n7["echo"]',
    "43\r",
    '427 ["echo"]',
  ]),
  ...each("S9", [
    '42/elsewhere,["event"]',
    "42/elsewhere",
    "41/elsewhere,",
    '42/other,["event"]',
    "43/elsewhere,1[]",
  ]),
  ...alone("S9 an event before all else", '42["event"]'),
  row("S9 an event behind its CONNECT, in one read", [
    websocket("a"),
    frame("a", "40"),
    frames("a", [{ data: "40/other," }, { data: '42/other,["echo"]' }]),
  ]),
  ...alone("S9 an event that the server ended", "40", '42["bye"]', '42["event"]'),
  row("S9 an event behind its CONNECT, in one read, of the second client", [
    websocket("a"),
    frame("a", "40"),
    websocket("b"),
    frames("b", [{ data: "40" }, { data: '42["echo"]' }]),
  ]),
  row("S9 an event that the server ended, in two pieces", [
    websocket("a"),
    frame("a", "40"),
    frame("a", '42["bye"]'),
    inPieces("a", '42["event"]', 5),
  ]),
  byPolling("S9 a CONNECT that is refused, then an event for nobody", [
    "40/none,",
    '42/elsewhere,["event"]',
  ]),
  row("S9 a CONNECT that is refused, a broadcast, then an event for nobody", [
    websocket("b"),
    frame("b", "40"),
    polling("a", 1),
    post("a", "40", 1),
    post("a", payload(["40/none,", '42["all"]', '42/elsewhere,["event"]']), 1),
  ]),
  ...each("S10", ["40", "40{}", "40/,"]),
  ...alone(
    "S11 three CONNECTs while a middleware takes its time",
    "40",
    "40/slow,",
    "40/slow,",
    "40/slow,",
    '42["release"]',
  ),
  row("S11 two CONNECTs in one read, and a ping", [
    websocket("a"),
    frames("a", [{ data: "40/other" }, { data: "40/other" }, { data: "", opcode: 9 }]),
  ]),
  ...alone(
    "S11 an event while a middleware takes its time",
    "40",
    "40/slow,",
    '42/slow,["event"]',
    '42["release"]',
  ),
  ...alone(
    "S11 one that goes while a middleware takes its time",
    "40",
    "40/slow,",
    "41/slow,",
    '42["release"]',
  ),
  ...alone("S11 one that is let in late", "40", "40/slow,", '42["release"]', '42/slow,["echo"]'),
  byPolling("S11 a middleware that takes its time, and an event that ends that, in one body", [
    "40/slow,",
    '42["release"]',
  ]),
  byPolling("S12 a DISCONNECT and an event", ["41", '42["event"]']),
  byPolling("S12 an event that has the server disconnect, and another", [
    '42["bye"]',
    '42["echo"]',
  ]),
  row("S12 a DISCONNECT and an event, in one read, by websocket", [
    websocket("a"),
    frame("a", "40"),
    frames("a", [{ data: "41" }, { data: '42["event"]' }]),
  ]),
  row("S12 an event that ends the connection, and one of another namespace, in one read", [
    websocket("a"),
    frame("a", "40"),
    frame("a", "40/other,"),
    frames("a", [{ data: '42/other,["bye-all"]' }, { data: '42["echo"]' }]),
  ]),
  row("S12 a DISCONNECT twice, in one read, by websocket", [
    websocket("a"),
    frame("a", "40"),
    frames("a", [{ data: "41" }, { data: "41" }]),
  ]),
  byPolling("S12 an event that disconnects, a DISCONNECT and an event", [
    '42["bye"]',
    "41",
    '42["event"]',
  ]),
  ...["bye", "bye-all", "close"].map((name) =>
    byWebSocket(`S12 the event ${name}, which asks for an answer`, [`421["${name}"]`]),
  ),
  row("S12 a DISCONNECT, and then an event", [
    polling("a"),
    post("a", "40"),
    post("a", "41"),
    post("a", '42["event"]'),
  ]),
  ...[["echo"], ["join", "ops"], ["bye"], ["bye-all"]].map((event) =>
    byPolling(`S12 the event ${event} and a DISCONNECT`, [`42${JSON.stringify(event)}`, "41"]),
  ),
  byPolling("S12 an event that closes, a DISCONNECT and a CONNECT", [
    '42["close"]',
    "41",
    "40/other,",
  ]),
  row("S12 a broadcast, a DISCONNECT with an id, and a CONNECT", [
    websocket("b"),
    frame("b", "40"),
    websocket("a"),
    frame("a", "40"),
    frames("a", [{ data: '42["all"]' }, { data: "419" }, { data: "40/other," }]),
  ]),
  byPolling("S13 a DISCONNECT and a CONNECT", ["41", "40"]),
  byPolling("S13 a DISCONNECT, an event and a CONNECT", ["41", '42["event"]', "40"]),
  byPolling("S12 a CONNECT to another, an event and a DISCONNECT", [
    "40/other,",
    '42["echo"]',
    "41",
  ]),
  row("S13 a DISCONNECT, and then a CONNECT", [
    polling("a"),
    post("a", "40"),
    post("a", "41"),
    post("a", "40"),
  ]),
  ...each("S15", [
    "40/none,",
    "40/none",
    "40//,",
    "40/_0,",
    "40/__proto__,",
    "40/a?token=1,",
    "40/other?token=1,",
    `40/${"x".repeat(10_000)},`,
  ]),
  ...both("S15 six that there are not", ...Array.from({ length: 6 }, (_, n) => `40/no-${n},`)),
  ...each("S16", ["40,", "40a,"]),
  ...alone("S17 a middleware says no", "40/auth,", '40/auth,{"token":"letmein"}'),
  ...alone("S17 a middleware says yes", '40/auth,{"token":"letmein"}', '42/auth,["echo"]'),
  ...each("S18", ["44", '44{"message":"no"}']),
  ...each("S19", ["41{}", "430{}", "43{}", "41[]", "417", "407"]),
  ...alone("S19 an auth that is none", "40[]"),
  ...each("S20", ["437[]", "43[]", "43", "437"]),
  row("S20 an answer, twice, by polling", [
    polling("a"),
    ...["40", '42["ask",1]', "43{q0}[2]", "43{q0}[3]"].map((one) => post("a", one)),
  ]),
  ...both("S22 17 namespaces", ...Array.from({ length: 17 }, (_, n) => `40/room-${n},`)),
  ...both("S22 a dynamic namespace", "40/room-7,", '42/room-7,["echo",1]', "41/room-7,"),
  ...alone("S23 a pid and an offset of wrong types", '40{"pid":1,"offset":{}}'),
  ...each("S24", [nested(128), nested(129), nested(2000), nested(9000)]),
  ...each(
    "S25",
    [
      '{"b":1,"b":2}',
      "1e999",
      "99999999999999999999",
      '"\\ud800"',
      '"\\u0000"',
      '{"__proto__":{"x":1}}',
      "-0",
      "1.0",
    ].map((arg) => `42["echo",${arg}]`),
  ),
  ...both("S26 a crowd of empty arrays", `42["event",[${Array(20_000).fill("[]").join()}]]`),
  ...each("B1", [
    '450-["event"]',
    '45["event"]',
    '45-["event"]',
    '45-1-["event"]',
    '451.5-["event"]',
    "45",
  ]),
  ...each("B2", ['4511-["event"]', '45999999999-["event"]']),
  ...both("B2 ten", '4510-["event"]', ...Array(10).fill(bytes("abcd"))),
  ...both("B3 1e1", '451e1-["event"]', bytes("abcd")),
  ...both("B3 01", '4501-["event"]', bytes("abcd")),
  ...both("B3 0x1", '450x1-["event"]', bytes("abcd")),
  ...["0.5", "1", "-1", '"splice"', "null", "0.0", "1e0"].flatMap((num) =>
    both(`B5 num ${num}`, `451-["event",{"_placeholder":true,"num":${num}}]`, bytes("abcd")),
  ),
  ...both(
    "B6 one used twice, one never",
    `452-["event",${PLACEHOLDER},${PLACEHOLDER}]`,
    bytes("abcd"),
    bytes("efgh"),
  ),
  ...both("B6 one that is not referred to, sent back", '451-["echo"]', bytes("abcd")),
  ...both(
    "B6 one that is nearly referred to, sent back",
    '451-["echo",{"_placeholder":false,"num":0}]',
    bytes("abcd"),
  ),
  ...both(
    "B6 a key that is a prototype's, sent back",
    `451-["echo",{"__proto__":${PLACEHOLDER}}]`,
    bytes("abcd"),
  ),
  ...both("B5 no num", '451-["event",{"_placeholder":true}]', bytes("abcd")),
  row("B6 one that is not referred to, sent back, and more than the handlers are there for", [
    websocket("a"),
    frame("a", "40"),
    frames("a", [
      { data: '451-7["echo"]' },
      { data: "abcd", opcode: 2 },
      { data: '42["bye"]' },
      { data: '42["event"]' },
    ]),
  ]),
  ...both("B7 the name", `451-[${PLACEHOLDER}]`, bytes("abcd")),
  ...both(
    "B10 attachments that are too large together",
    `452-["event",${PLACEHOLDER}]`,
    bytes("x".repeat(60_000)),
    bytes("x".repeat(60_000)),
  ),
  ...both("B11 a placeholder in a plain event", `42["echo",${PLACEHOLDER}]`),
  ...both("B12 an answer in parts to nothing", `461-7[${PLACEHOLDER}]`, bytes("abcd")),
  ...both("B an answer in parts", '42["ask",1]', `461-{q0}[${PLACEHOLDER}]`, bytes("abcd")),
  ...both("B5 no num, in an answer", '42["ask",1]', '461-{q0}[{"_placeholder":true}]'),
  row("B an answer in parts, by polling", [
    polling("a"),
    ...["40", '42["ask",1]', payload([`461-{q0}[${PLACEHOLDER}]`, bytes("abcd")])].map((one) =>
      post("a", one),
    ),
  ]),
  ...both("B an echo of bytes", `451-7["echo",{"a":[${PLACEHOLDER}]}]`, bytes("\x00\xff")),
  ...both("B a text in the place of an attachment", `451-["event",${PLACEHOLDER}]`, '42["event"]'),
  ...both("B an attachment that nobody announced", bytes("abcd")),
  ...both(
    "B an escaped placeholder",
    `451-["event",{"\\u005fplaceholder":true,"num":0}]`,
    bytes("abcd"),
  ),
  byPolling("T a room whose name is a lone surrogate", ['42["join","\\ud800"]']),
  ...both("T2 500 events", ...Array.from({ length: 500 }, (_, n) => `42["echo",${n}]`)),
  row("T3 1100 rooms", [
    polling("a"),
    post("a", "40"),
    ...[0, 550].map((from) => post("a", payload(rooms(from, 550)))),
  ]),
  row(
    "T5 clients that come and go",
    Array.from({ length: 20 }, (_, n) => [
      websocket(`a${n}`),
      frame(`a${n}`, "40"),
      frame(`a${n}`, "", { opcode: 8 }),
    ]).flat(),
  ),
];

/** Those that wait for a timer, of servers whose timers are short; or that need a server nobody has spoken to. */
export const SLOW_PACKETS = [
  row("S20 an answer that is guessed", [
    polling("a"),
    post("a", "40"),
    post("a", payload(['42["ask",1]', "430[2]"])),
  ]),
  row("B9 an attachment that does not come", [
    websocket("a"),
    frame("a", "40"),
    frame("a", `451-["event",${PLACEHOLDER}]`),
    pass(1_800),
    frame("a", "3"),
    pass(1_700),
  ]),
];
