// WebSocket frames, most of which are right.

import { BINARY, TEXT, frames, raw, frameOf, utf8, websocket, frame } from "../script.mjs";
import { mutated } from "./mutation.mjs";

const TEXTS = ['42["echo","é€😀"]', '42["event"]', '427["echo",[1,{"a":2}]]', "3", "40/other,"].map(
  utf8,
);
const CODES = [
  1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016,
  2999, 3000, 4999, 5000,
];

export function framing(lot) {
  const list = lot.many(1, 6, () => message(lot)).flat();
  return [...websocket("a"), frame("a", "40"), ...written(lot, list)];
}

/** One message, which may be in several frames, with control frames between them. */
function message(lot) {
  return lot.among(
    [6, () => fragments(lot, lot.one(TEXTS), TEXT)],
    [1, () => fragments(lot, lot.one(["", "\x00", "\xff\xfe"]), BINARY)],
    [2, () => [control(lot)]],
    [1, () => [close(lot)]],
    [1, () => [{ data: lot.one(TEXTS), ...oddity(lot) }]],
  );
}

function fragments(lot, text, opcode) {
  const data = lot.once(8) ? mutated(lot, text) : text;
  const cuts = lot.many(0, 3, () => lot.below(data.length + 1)).sort((a, b) => a - b);
  const pieces = [0, ...cuts].map((from, nth) => data.slice(from, cuts[nth] ?? data.length));
  return pieces.flatMap((piece, nth) => {
    const one = { data: piece };
    if (nth > 0 || opcode !== TEXT) one.opcode = nth === 0 ? opcode : 0;
    if (nth < pieces.length - 1) one.fin = false;
    if (lot.once(16)) one.form = lot.one([16, 64]);
    return lot.once(6) ? [control(lot), one] : [one];
  });
}

const control = (lot) => ({
  data: lot.one(["", "x", "x".repeat(125)]),
  opcode: lot.one([9, 9, 10]),
});

function close(lot) {
  const code = lot.once(10) ? lot.below(65_536) : lot.one(CODES);
  const reason = lot.one(["", "", "bye", utf8("é"), "\xff", "x".repeat(123)]);
  const data = String.fromCharCode(code >> 8, code & 255) + reason;
  return { data: lot.among([8, () => data], [1, () => ""], [1, () => "\x03"]), opcode: 8 };
}

const oddity = (lot) =>
  lot.one([
    { rsv: 1 + lot.below(7) },
    { masked: false },
    { opcode: lot.one([3, 7, 11, 15]) },
    { opcode: 0 },
    { opcode: 9, fin: false },
  ]);

/** In as many writes as luck will have it: one for some frames, or two for one. */
function written(lot, list) {
  const steps = [];
  while (list.length > 0) {
    const some = list.splice(0, 1 + lot.below(3));
    if (!lot.once(5)) {
      steps.push(frames("a", some));
      continue;
    }
    const bytes = Buffer.concat(some.map(frameOf)).toString("latin1");
    const at = lot.below(bytes.length + 1);
    steps.push(raw("a", bytes.slice(0, at)), raw("a", bytes.slice(at)));
  }
  return steps;
}
