// One TCP connection to a server: bytes out, and what came back as HTTP answers, WebSocket frames and an end.

import { connect } from "node:net";

/** Opcodes of RFC 6455, section 5.2. */
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const NAMES = { 9: "ping", 10: "pong" };

/** Headers that tell the time, the length of what follows, or how the connection is kept. */
const UNTOLD = new Set(["date", "content-length", "transfer-encoding", "keep-alive", "connection"]);

export class Line {
  /** What came, in order, and was not taken yet. */
  items = [];
  /** Whether the server has ended it. */
  ended = false;
  #socket;
  #rest = Buffer.alloc(0);
  #methods = [];
  #read = this.#answer;
  #closed = false;
  #notice;

  constructor(port, notice) {
    this.#notice = notice;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    this.#socket.on("data", (bytes) => this.#take(bytes));
    this.#socket.on("end", () => this.#end());
    // A reset and an end are one: which of them it is depends on what was not read yet.
    this.#socket.on("error", () => this.#end());
    this.open = new Promise((done) => this.#socket.once("connect", done).once("error", done));
  }

  /** Sends bytes; `method` says what they ask for, if they are the head of a request. */
  async write(bytes, method) {
    if (method) this.#methods.push(method);
    if (this.#socket.writable) await new Promise((done) => this.#socket.write(bytes, () => done()));
  }

  /** No more will be sent. */
  finish() {
    this.#socket.end();
  }

  /** Gone without a word. */
  drop() {
    this.ended = true;
    this.#socket.resetAndDestroy();
  }

  #take(bytes) {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    for (;;) {
      const item = this.#read(this.#rest);
      if (!item) return;
      this.#put(item);
    }
  }

  #put(item) {
    this.items.push(item);
    this.#notice(item);
  }

  #end() {
    if (this.ended) return;
    this.ended = true;
    if (this.#rest.length > 0) this.#put({ cut: this.#rest.toString("latin1") });
    // Behind a close, the connection ends when the client has closed too, or sooner: ws does not wait.
    if (!this.#closed) this.#put({ ends: true });
    this.#socket.destroy();
  }

  /** An HTTP answer, if all of it is there. */
  #answer(bytes) {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [first, ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
    const headers = headersOf(lines);
    const status = Number(first.split(" ")[1]);
    const isEmpty = status < 200 || status === 204 || this.#methods[0] === "HEAD";
    const body = isEmpty ? [Buffer.alloc(0), end + 4] : bodyOf(bytes, end + 4, headers);
    if (!body) return undefined;
    this.#rest = bytes.subarray(body[1]);
    if (status === 101) this.#read = this.#frame;
    if (status !== 100) this.#methods.shift();
    const told = [...headers].filter(([name]) => !UNTOLD.has(name)).sort();
    return { status, headers: Object.fromEntries(told), body: body[0].toString("latin1") };
  }

  /** A frame, if all of it is there; RFC 6455, section 5.2. A server's has no mask. */
  #frame(bytes) {
    if (bytes.length < 2) return undefined;
    let [length, start] = [bytes[1] & 0x7f, 2];
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      [length, start] = [bytes.readUInt16BE(2), 4];
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      [length, start] = [Number(bytes.readBigUInt64BE(2)), 10];
    }
    if (bytes.length < start + length) return undefined;
    const data = bytes.subarray(start, start + length);
    this.#rest = bytes.subarray(start + length);
    const opcode = bytes[0] & 0xf;
    if (opcode === TEXT) return { text: data.toString("latin1") };
    if (opcode === BINARY) return { bytes: data.toString("hex") };
    if (opcode !== CLOSE) return { [NAMES[opcode] ?? opcode]: data.toString("latin1") };
    this.#closed = true;
    const code = length < 2 ? 1005 : data.readUInt16BE(0);
    return { close: code, reason: data.subarray(2).toString("latin1") };
  }
}

/** By name, in lower case; a list that is told in several lines is one, and what it lists has no order. */
function headersOf(lines) {
  const headers = new Map();
  for (const line of lines) {
    const [name, ...value] = line.split(":");
    const before = headers.get(name.toLowerCase());
    const all = [...(before === undefined ? [] : [before]), value.join(":").trim()];
    headers.set(name.toLowerCase(), all.join(", "));
  }
  const vary = headers.get("vary");
  if (vary) headers.set("vary", vary.split(/, */).sort().join(", "));
  return headers;
}

/** A body and where it ends, if all of it is there. */
function bodyOf(bytes, start, headers) {
  if (headers.get("transfer-encoding") === "chunked") return chunksOf(bytes, start);
  const end = start + Number(headers.get("content-length") ?? 0);
  return bytes.length < end ? undefined : [bytes.subarray(start, end), end];
}

function chunksOf(bytes, start) {
  const chunks = [];
  for (;;) {
    const line = bytes.indexOf("\r\n", start);
    if (line < 0) return undefined;
    const length = Number.parseInt(bytes.toString("latin1", start, line), 16);
    const end = line + 2 + length;
    if (bytes.length < end + 2) return undefined;
    if (length === 0) return [Buffer.concat(chunks), end + 2];
    chunks.push(bytes.subarray(line + 2, end));
    start = end + 2;
  }
}
