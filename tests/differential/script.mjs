// What a client does, step by step. Bytes are strings of characters up to U+00FF; `{s0}` stands for the id
// of the first session that the case opened, `{s1}` for that of the second, `{q0}` for that of the first
// question that the server asked.

import { createHash } from "node:crypto";

const PATH = "/socket.io/";
/** Opcodes of RFC 6455, section 5.2. */
export const TEXT = 1;
export const BINARY = 2;
const MASK = [0x37, 0xfa, 0x21, 0x3d];

/** What a WebSocket's request has in its head; RFC 6455, section 4.1. */
export const UPGRADE = [
  ["connection", "Upgrade"],
  ["upgrade", "websocket"],
  ["sec-websocket-version", "13"],
  ["sec-websocket-key", createHash("md5").update("klatch").digest("base64")],
];

/** Text as the bytes of UTF-8. */
export const utf8 = (text) => Buffer.from(text, "utf8").toString("latin1");

/** An HTTP request; the line is opened by its first step. */
export const http = (line, method, query, { headers = [], body, path = PATH } = {}) => ({
  act: "http",
  line,
  method,
  query,
  path,
  headers,
  body,
});

/** Asks again and again, until the answer is not 200; what polls bring is one stream. */
export const poll = (line, query) => ({ act: "poll", line, query });

/** Bytes as they are. */
export const raw = (line, bytes) => ({ act: "raw", line, bytes });

/**
 * WebSocket frames in one write, each with its `data`, and what is not usual of `opcode`, `fin`, `rsv`,
 * `masked`, and `form`: in how many bits its length is.
 */
export const frames = (line, list) => ({ act: "frames", line, frames: list });
export const frame = (line, data, how = {}) => frames(line, [{ data, ...how }]);

/** The client's half of the connection ends; without a word, or in good order. */
export const drop = (line) => ({ act: "drop", line });
export const finish = (line) => ({ act: "finish", line });

/** What is still open ends. */
export const end = { act: "end", line: "" };

/** Lets time pass. */
export const pass = (ms) => ({ act: "pass", line: "", ms });

const POLLING = "EIO=4&transport=polling";
const WEBSOCKET = "EIO=4&transport=websocket";

/** A session by polling, whose stream is read on the line `<line>-poll`. */
export const polling = (line, nth = 0) => [
  http(line, "GET", POLLING),
  poll(`${line}-poll`, `${POLLING}&sid={s${nth}}`),
];

/** What such a session says. */
export const post = (line, body, nth = 0) =>
  http(line, "POST", `${POLLING}&sid={s${nth}}`, { body });

/** A session by WebSocket. */
export const websocket = (line) => [http(line, "GET", WEBSOCKET, { headers: UPGRADE })];

/** A WebSocket for a session that there is. */
export const upgrade = (line, nth = 0) =>
  http(line, "GET", `${WEBSOCKET}&sid={s${nth}}`, { headers: UPGRADE });

/** The bytes of a step. */
export function bytesOf(step, fill) {
  if (step.act === "raw") return Buffer.from(fill(step.bytes), "latin1");
  if (step.act === "frames") {
    return Buffer.concat(step.frames.map((one) => frameOf({ ...one, data: fill(one.data) })));
  }
  if (step.act !== "http" && step.act !== "poll")
    throw new Error(`no step: ${JSON.stringify(step)}`);
  const { method = "GET", query, path = PATH, headers = [], body } = step;
  const all = [["host", "localhost"], ...headers];
  const counted = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const content = fill(body ?? "");
  if (body !== undefined && !counted) all.push(["content-length", String(content.length)]);
  const target = query === "" ? path : `${path}?${query}`;
  const head = [`${method} ${target} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.from(`${fill(head.join("\r\n"))}\r\n\r\n${content}`, "latin1");
}

/** The bytes of a frame. */
export function frameOf({ data, opcode = TEXT, fin = true, rsv = 0, masked = true, form }) {
  const bytes = Buffer.from(data, "latin1");
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const mask = masked ? 0x80 : 0;
  if (form === 64 || bytes.length > 0xffff) {
    head.push(mask | 127, 0, 0, 0, 0, ...u32(bytes.length));
  } else if (form === 16 || bytes.length > 125) {
    head.push(mask | 126, bytes.length >> 8, bytes.length & 0xff);
  } else {
    head.push(mask | bytes.length);
  }
  if (!masked) return Buffer.concat([Buffer.from(head), bytes]);
  const hidden = bytes.map((byte, index) => byte ^ MASK[index % 4]);
  return Buffer.concat([Buffer.from([...head, ...MASK]), hidden]);
}

const u32 = (length) => [24, 16, 8, 0].map((shift) => (length >> shift) & 0xff);

/** A step as one line for people. */
export function shown(step) {
  const { act, line, ...more } = step;
  if (act === "http") return `${line} ${more.method} ${requestOf(more)}`;
  if (act === "raw") return `${line} > ${quoted(more.bytes)}`;
  if (act === "poll") return `${line} polls ?${more.query}`;
  if (act === "pass") return `${more.ms} ms pass`;
  if (act === "frames") return `${line} => ${more.frames.map(described).join(", ")}`;
  return `${line} ${act}s`.trim();
}

function requestOf({ path, query, headers, body }) {
  const head = headers.map(([name, value]) => ` [${name}: ${cut(value)}]`).join("");
  return `${path === PATH ? "" : path}?${cut(query)}${head}${body === undefined ? "" : ` ${quoted(body)}`}`;
}

function described({ data, ...how }) {
  const flags = Object.entries(how).map(([name, value]) => ` ${name}=${value}`);
  return `${quoted(data)}${flags.join("")}`;
}

const hex = (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
const quoted = (bytes) => JSON.stringify(cut(bytes)).replace(/[\x7f-\xff]/g, hex);
const cut = (text) => (text.length > 300 ? `${text.slice(0, 200)}… (${text.length})` : text);
