// E: what Engine.IO's packets and transports can do to a server.

import {
  UPGRADE,
  drop,
  frame,
  frameOf,
  frames,
  http,
  pass,
  polling,
  post,
  raw,
  upgrade,
  utf8,
  websocket,
} from "../script.mjs";
import { both, byPolling, bytes, row } from "./row.mjs";

const LIVE = "EIO=4&transport=polling&sid={s0}";
/** Until Node answers the poll that waits while a WebSocket is probed. */
const NOOP = pass(150);
const EVENT = '42["event"]';

const live = (name, ...steps) =>
  row(name, [http("a", "GET", "EIO=4&transport=polling"), post("a", "40"), steps]);
const streaming = (name, ...steps) => row(name, [polling("a"), post("a", "40"), steps]);
const open = (name, ...steps) => row(name, [websocket("a"), frame("a", "40"), steps]);
const get = (line) => http(line, "GET", LIVE);
const partial = (line, length, body) =>
  raw(
    line,
    `POST /socket.io/?${LIVE} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n${body}`,
  );
const upgrading = (name, ...steps) => streaming(name, upgrade("ws"), steps);
const upgraded = (name, ...steps) =>
  upgrading(name, frame("ws", "2probe"), NOOP, frame("ws", "5"), steps);

export const ENGINE = [
  live("E1 a second poll", get("b"), get("b"), get("c"), get("d")),
  live("E2 a second post", partial("b", 11, "42"), post("c", EVENT), get("d")),
  live("E3 a poll that is given up", get("b"), get("b"), drop("b"), get("c")),
  live("E4 a post that breaks off", partial("b", 100, `${EVENT}\x1e${EVENT}`), drop("b"), get("c")),
  ...["", "\x1e", "abc", '11:42["event"]', `d=${EVENT}`].flatMap((body) => [
    live(`E6 the body ${JSON.stringify(body)}`, post("a", body), get("b")),
    streaming(
      `E6 the body ${JSON.stringify(body)}, while a poll waits`,
      post("a", body),
      post("a", EVENT),
    ),
  ]),
  open(
    "E7 an event, then a frame that may not come",
    frames("a", [{ data: '42["echo"]' }, { data: "", rsv: 1 }]),
  ),
  live("E7 a fault while no poll waits", post("a", "4")),
  live("E7 a fault while no poll waits, and a WebSocket is probed", upgrade("ws"), post("a", "4")),
  streaming("E7 a packet, then garbage", post("a", `${EVENT}\x1eabc\x1e${EVENT}`)),
  ...both("E7 an event that disconnects, then what closes", '42["bye"]', '42/other,["event"]'),
  streaming("E8 1024 packets", post("a", Array(1024).fill("3").join("\x1e"))),
  streaming("E8 1025 packets", post("a", Array(1025).fill("3").join("\x1e"))),
  streaming(
    "E9 base64 that is none",
    post("a", '451-["event",{"_placeholder":true,"num":0}]\x1eb@@@@'),
  ),
  streaming("E10 a body that is no UTF-8", post("a", '42["event","\xff"]')),
  streaming("E10 a body that is UTF-8", post("a", utf8('42["event","é€😀"]'))),
  streaming("E11 a ping, by polling", post("a", "2")),
  open("E11 a ping, by websocket", frame("a", "2"), frame("a", EVENT)),
  streaming("E11 a pong that nobody asked for", post("a", "3")),
  ...["0{}", "1", "5", "6"].flatMap((packet) => [
    open(`E13 ${packet}, by websocket`, frame("a", packet), frame("a", EVENT)),
    streaming(`E13 ${packet}, by polling`, post("a", packet), post("a", EVENT)),
  ]),
  ...["", "7", "x", "9abc"].map((text) =>
    open(`E14 the message ${JSON.stringify(text)}`, frame("a", text), frame("a", EVENT)),
  ),
  open("E15 a message that is too long", frame("a", "4".repeat(100_001))),
  open("E15 a message that just fits", frame("a", `42["event","${"x".repeat(100_000 - 13)}"]`)),
  ...Object.entries({
    RSV1: { rsv: 4 },
    RSV2: { rsv: 2 },
    RSV3: { rsv: 1 },
    "no mask": { masked: false },
    "opcode 3": { opcode: 3 },
    "opcode 11": { opcode: 11 },
    "a stray continuation": { opcode: 0 },
    "a fragmented ping": { opcode: 9, fin: false },
  }).map(([name, how]) => open(`E16 ${name}`, frame("a", EVENT, how), frame("a", EVENT))),
  open("E16 a text inside fragments", frame("a", "42[", { fin: false }), frame("a", EVENT)),
  open("E16 two bytes of a frame of opcode 3", raw("a", "\x83\x80")),
  open("E16 a close of one byte, in pieces", raw("a", "\x88\x81abcd"), raw("a", "e")),
  open("E16 an event, and half a frame", raw("a", `${bytesOf('42["echo"]')}\x83`)),
  open(
    "E13 a close in pieces",
    raw("a", bytesOf("1").slice(0, 3)),
    raw("a", bytesOf("1").slice(3)),
  ),
  open("E16 a long ping", frame("a", "x".repeat(126), { opcode: 9 })),
  open("E16 a ping", frame("a", "x".repeat(125), { opcode: 9 }), frame("a", EVENT)),
  open("E16 a pong", frame("a", "x", { opcode: 10 }), frame("a", EVENT)),
  open(
    "E16 a ping between fragments",
    frame("a", '42["eve', { fin: false }),
    frame("a", "x", { opcode: 9 }),
    frame("a", 'nt"]', { opcode: 0 }),
  ),
  open("E16 a close of one byte", frame("a", "\x03", { opcode: 8 })),
  open(
    "E16 a length in more bytes than it takes",
    frame("a", EVENT, { form: 64 }),
    frame("a", EVENT, { form: 16 }),
  ),
  ...[
    0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1011, 1012, 1014, 1015, 1016, 2999,
    3000, 4999, 5000, 65535,
  ].map((code) =>
    open(
      `E16 a close of code ${code}`,
      frame("a", String.fromCharCode(code >> 8, code & 255), { opcode: 8 }),
    ),
  ),
  open("E16 a close without a code", frame("a", "", { opcode: 8 })),
  open("E16 a close with a reason", frame("a", "\x03\xe8bye", { opcode: 8 })),
  open("E16 a text behind a close", frame("a", "\x03\xe8", { opcode: 8 }), frame("a", EVENT)),
  open("E17 a text that is no UTF-8", frame("a", '42["event","\xff"]')),
  open(
    "E17 a text that is UTF-8 in two fragments",
    frame("a", '42["event","\xc3', { fin: false }),
    frame("a", '\xa9"]', { opcode: 0 }),
  ),
  open("E17 a reason that is no UTF-8", frame("a", "\x03\xe8\xff", { opcode: 8 })),
  open(
    "E19 16384 fragments",
    frame("a", '42["event"', { fin: false }),
    raw("a", fragments(16_383)),
    frame("a", "]", { opcode: 0 }),
  ),
  upgrading("E20 garbage in the place of the probe", frame("ws", "abc"), post("a", EVENT)),
  upgrading("E20 a message in the place of the probe", frame("ws", EVENT), post("a", EVENT)),
  upgrading(
    "E20 a message behind the probe",
    frame("ws", "2probe"),
    NOOP,
    frame("ws", EVENT),
    post("a", EVENT),
  ),
  upgrading("E20 no UTF-8 in the place of the probe", frame("ws", "\xff"), post("a", EVENT)),
  upgrading("E20 a probe that is none", frame("ws", "2prob"), post("a", EVENT)),
  upgrading(
    "E20 a second probe",
    frame("ws", "2probe"),
    NOOP,
    frame("ws", "2probe"),
    post("a", EVENT),
  ),
  upgrading("E21 no probe", frame("ws", "5"), frame("ws", '42["echo",1]'), post("a", EVENT)),
  upgrading(
    "E24 gone behind the probe",
    frame("ws", "2probe"),
    NOOP,
    drop("ws"),
    post("a", '42["echo",1]'),
  ),
  upgraded(
    "E25 a poll behind the upgrade",
    frame("ws", '42["echo",1]'),
    get("b"),
    post("a", EVENT),
  ),
  upgraded(
    "E25 a second websocket behind the upgrade",
    upgrade("ws2"),
    frame("ws2", "2probe"),
    frame("ws", '42["echo",1]'),
  ),
  upgrading(
    "E25 a second websocket before the upgrade",
    frame("ws", "2probe"),
    upgrade("ws2"),
    frame("ws2", "2probe"),
    frame("ws", "5"),
  ),
  open(
    "E25 a second websocket for a session that was opened by one",
    upgrade("ws"),
    frame("ws", "2probe"),
    frame("ws", "5"),
  ),
  ...["3", "5"].map((version) =>
    streaming(
      `E26 an upgrade of version ${version}`,
      http("ws", "GET", `EIO=${version}&transport=websocket&sid={s0}`, { headers: UPGRADE }),
    ),
  ),
  streaming(
    "E26 an upgrade of no version",
    http("ws", "GET", "transport=websocket&sid={s0}", { headers: UPGRADE }),
  ),
  streaming(
    "E26 a post of another version",
    http("b", "POST", "EIO=3&transport=polling&sid={s0}", { body: EVENT }),
  ),
  streaming(
    "E26 a post of no version",
    http("b", "POST", "transport=polling&sid={s0}", { body: EVENT }),
  ),
  row("E29 compression is offered", [
    http("a", "GET", "EIO=4&transport=websocket", {
      headers: [...UPGRADE, ["sec-websocket-extensions", "permessage-deflate"]],
    }),
    frame("a", "40"),
  ]),
  streaming(
    "E30 the sid of another client",
    http("b", "POST", LIVE, { headers: [["user-agent", "other"]], body: EVENT }),
  ),
  byPolling("E a fault of Socket.IO, then one of Engine.IO", ['42/other,["event"]', "abc"]),
  row("E a request that is refused before its body", [
    raw(
      "a",
      "POST /socket.io/?EIO=4&transport=abc HTTP/1.1\r\nhost: x\r\ncontent-length: 40\r\n\r\n42",
    ),
  ]),
  byPolling("E an attachment without its event", [bytes("abcd")]),
  ...both("E two events", EVENT, EVENT),
];

/** A frame as bytes. */
function bytesOf(data) {
  return frameOf({ data }).toString("latin1");
}

/** As bytes: each is a masked, empty continuation. */
function fragments(count) {
  return "\x00\x80\x00\x00\x00\x00".repeat(count);
}

/** Those that wait for a timer, of servers whose timers are short. */
export const SLOW_ENGINE = [
  upgrading(
    "E23 a probe, then silence",
    frame("ws", "2probe"),
    pass(1_000),
    post("a", '42["echo",1]'),
  ),
  open("E27 no pong, by websocket", pass(4_000)),
  streaming("E27 no pong, by polling", pass(4_000)),
  row("E28 nobody joins, by websocket", [websocket("a"), pass(1_700)]),
];
