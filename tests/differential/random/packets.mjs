// Packets that a client may say, and some that it may not.

import { utf8 } from "../script.mjs";
import { mutated } from "./mutation.mjs";

const NAMESPACES = [
  "/",
  "/",
  "/",
  "/other",
  "/other",
  "/room-1",
  "/room-2",
  "/auth",
  "/slow",
  "/none",
];
const EVENTS = ["echo", "echo", "echo", "join", "leave", "to", "all", "ask", "event", "message"];
const ENDS = ["bye", "bye-all", "close", "release"];
const SCALARS = [
  "null",
  "true",
  "false",
  "0",
  "-1",
  "1.5",
  "1e3",
  "-0",
  "1E400",
  "12345678901234567890",
  "0.1",
];
const TEXTS = [
  '""',
  '"a"',
  '"ops"',
  '"dev"',
  '"é€😀"',
  '"\\u0000"',
  '"\\ud83d\\ude00"',
  '"\\ud800"',
  '"\\n\\"\\\\"',
  '"__proto__"',
];
const KEYS = [
  '"a"',
  '"b"',
  '"num"',
  '"_placeholder"',
  '"__proto__"',
  '"toString"',
  '"é"',
  '""',
  '"1"',
];

/** JSON; `bytes` is how many attachments there are to refer to. */
function value(lot, bytes, depth = 0) {
  return lot.among(
    [4, () => lot.one(TEXTS)],
    [3, () => lot.one(SCALARS)],
    [bytes > 0 ? 3 : 0, () => placeholder(lot, bytes)],
    [
      depth < 3 ? 1 : 0,
      () => `[${lot.many(0, 3, () => value(lot, bytes, depth + 1)).join(blank(lot, ","))}]`,
    ],
    [
      depth < 3 ? 1 : 0,
      () =>
        `{${lot.many(0, 3, () => lot.one(KEYS) + blank(lot, ":") + value(lot, bytes, depth + 1))}}`,
    ],
  );
}

const blank = (lot, char) => (lot.once(8) ? ` ${char}\t` : char);

const placeholder = (lot, bytes) => {
  const num = lot.once(12) ? bytes : lot.below(bytes);
  return `{"_placeholder":${lot.once(20) ? "false" : "true"},"num":${num}}`;
};

const prefix = (nsp) => (nsp === "/" ? "" : `${nsp},`);

/** The messages of one packet: its text, and its attachments. */
export function packet(lot) {
  const messages = lot.among(
    [10, () => [event(lot)]],
    [3, () => binary(lot)],
    [3, () => [connect(lot)]],
    [1, () => [`41${prefix(lot.one(NAMESPACES))}`]],
    [2, () => [`43${prefix(lot.one(NAMESPACES))}${answered(lot)}[${value(lot, 0)}]`]],
    [1, () => [`42${prefix(lot.one(NAMESPACES))}["${lot.one(ENDS)}"]`]],
    [
      1,
      () => [
        lot.one([
          "3",
          "3",
          "2",
          "1",
          "6",
          "5",
          "0",
          "4",
          "7",
          "3probe",
          "44",
          "40",
          "41",
          "42",
          "43",
        ]),
      ],
    ],
  );
  const bytes = messages.map((one) => (typeof one === "string" ? utf8(one) : one));
  if (!lot.once(7) || typeof bytes[0] !== "string") return bytes;
  return [mutated(lot, bytes[0]), ...bytes.slice(1)];
}

function connect(lot) {
  const nsp = lot.one(NAMESPACES);
  const auth = lot.among(
    [4, () => ""],
    [2, () => '{"token":"letmein"}'],
    [1, () => `{"token":${value(lot, 0)}}`],
    [1, () => value(lot, 0)],
  );
  return `40${prefix(nsp)}${auth}`;
}

/** The id of a question, or of none: one so large is not asked. */
const answered = (lot) => lot.one(["{q0}", "{q0}", "{q1}", "77777777"]);

const id = (lot) =>
  lot.once(2) ? "" : String(lot.below(3) === 0 ? lot.below(1_000_000) : lot.below(4));

function event(lot, bytes = 0) {
  const name = lot.once(12)
    ? lot.one([...SCALARS, ...TEXTS, '"connect"', '"disconnect"'])
    : `"${lot.one(EVENTS)}"`;
  const args = lot.many(0, 3, () => value(lot, bytes));
  const count = bytes > 0 ? `5${bytes}-` : "2";
  return `4${count}${prefix(lot.one(NAMESPACES))}${id(lot)}[${[name, ...args].join(blank(lot, ","))}]`;
}

function binary(lot) {
  const count = 1 + lot.below(2);
  const attachment = () => ({
    data: lot.many(0, 4, () => String.fromCharCode(lot.below(256))).join(""),
  });
  const sent = lot.once(10) ? count + lot.one([-1, 1]) : count;
  const attachments = Array.from({ length: sent }, attachment);
  if (lot.once(4)) return [`46${count}-${answered(lot)}[${value(lot, count)}]`, ...attachments];
  return [event(lot, count), ...attachments];
}
