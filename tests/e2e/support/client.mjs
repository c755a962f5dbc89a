// A Socket.IO client that remembers all it was sent, in order, so that no test races a listener.

import { readFileSync } from "node:fs";
import { io as io48 } from "socket.io-client";
import { io as io31 } from "socket.io-client-3.1";
import { io as io40 } from "socket.io-client-4.0";
import msgpack from "socket.io-msgpack-parser";
import { plain } from "./plain.mjs";
import { within } from "./wait.mjs";

export const VERSIONS = { "4.8": io48, "4.0": io40, 3.1: io31 };

/** `upgrade` starts by polling and changes to WebSocket while the test already runs. */
export const TRANSPORTS = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};

/** Every pairing of a client's version and a way to connect. */
export const MATRIX = Object.keys(VERSIONS).flatMap((version) =>
  Object.keys(TRANSPORTS).map((transport) => ({
    version,
    transport,
    name: `socket.io-client ${version}, ${transport}`,
  })),
);

/** With packets in MessagePack, of the server that is printed second. */
export const PACKED = Object.keys(TRANSPORTS).map((transport) => ({
  version: "4.8",
  transport,
  parser: msgpack,
  name: `socket.io-client 4.8, msgpack, ${transport}`,
}));

/**
 * What a server that recovers connections adds to an event, as the last argument: klatch's offsets
 * have eight characters, Node's seven. No argument of a test of such a server looks like one.
 */
const OFFSET = /^[-\w]{7,8}$/;

const PATIENCE = 5_000;

/** A server's certificate that nobody else vouches for: KLATCH_CA names the file. */
const trust = ({ protocol }) => {
  const { KLATCH_CA } = process.env;
  return protocol === "https:" && KLATCH_CA ? { ca: readFileSync(KLATCH_CA) } : {};
};

export class Client {
  /** What came in, oldest first: `[event, ...arguments]`, binary as `plain` shows it. */
  received = [];
  /** The offset of the last event that had one. */
  offset;
  /** Answers to the server's questions, by event: a function that gives one argument or a list. */
  answers = {};
  #watchers = new Set();
  #disconnected;

  /** A connection of its own; `open()` waits for it. */
  static dial(url, nsp, { version, transport, parser, recovers = false }, options = {}) {
    const socket = VERSIONS[version](new URL(nsp, url.origin).href, {
      path: url.pathname,
      forceNew: true,
      reconnection: false,
      transports: TRANSPORTS[transport],
      ...(parser && { parser }),
      ...trust(url),
      ...options,
    });
    return new Client(socket, recovers);
  }

  constructor(socket, recovers) {
    this.socket = socket;
    this.recovers = recovers;
    socket.onAny((event, ...args) => {
      const ack = typeof args.at(-1) === "function" ? args.pop() : undefined;
      if (recovers && !ack && OFFSET.test(args.at(-1))) this.offset = args.pop();
      this.received.push([event, ...args.map(plain)]);
      if (ack && this.answers[event]) ack(...[this.answers[event](...args)].flat());
      for (const watcher of [...this.#watchers]) watcher();
    });
    this.#disconnected = new Promise((done) => socket.once("disconnect", done));
  }

  get id() {
    return this.socket.id;
  }

  get engine() {
    return this.socket.io.engine;
  }

  /** Another namespace over the same connection. */
  side(nsp, options) {
    return new Client(this.socket.io.socket(nsp, options), this.recovers);
  }

  async open() {
    if (this.socket.connected) return this;
    await within(
      PATIENCE,
      "the namespace to open",
      new Promise((done, fail) => {
        this.socket.once("connect", done);
        this.socket.once("connect_error", fail);
      }),
    );
    return this;
  }

  /** The error that refused this socket its namespace. */
  refused() {
    return within(
      PATIENCE,
      "a connect_error",
      new Promise((done, fail) => {
        this.socket.once("connect_error", done);
        this.socket.once("connect", () => fail(new Error("connected after all")));
      }),
    );
  }

  /** The reason of the disconnect that happened or is about to. */
  disconnected() {
    return within(PATIENCE, "a disconnect", this.#disconnected);
  }

  /** Resolves once the connection is on WebSocket. */
  async upgraded() {
    if (this.engine.transport.name === "websocket") return;
    await within(
      PATIENCE,
      "the upgrade",
      new Promise((done) => this.engine.once("upgrade", done)),
    );
  }

  /** Resolves when the server pinged `count` times from now on. */
  pinged(count) {
    return within(
      PATIENCE,
      `${count} pings`,
      new Promise((done) => this.engine.on("pong", () => --count === 0 && done())),
    );
  }

  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  /** All arguments of the acknowledgement. */
  asks(event, ...args) {
    return within(
      PATIENCE,
      `the ack of ${event}`,
      new Promise((done) => {
        this.socket.emit(event, ...args, (...answer) => done(answer.map(plain)));
      }),
    );
  }

  /** The first argument of the acknowledgement. */
  async ask(event, ...args) {
    return (await this.asks(event, ...args))[0];
  }

  /** What came by the name of `event`: a list of argument lists. */
  got(event) {
    return this.received.filter(([name]) => name === event).map(([, ...args]) => args);
  }

  /** The first `count` deliveries of `event`, once there are so many. */
  take(event, count = 1) {
    return within(
      PATIENCE,
      `${count} of ${event} (got ${this.got(event).length} at first)`,
      new Promise((done) => {
        const watcher = () => {
          const all = this.got(event);
          if (all.length < count) return;
          this.#watchers.delete(watcher);
          done(all.slice(0, count));
        };
        this.#watchers.add(watcher);
        watcher();
      }),
    );
  }

  /** Returns when all that the server queued for this client so far has arrived. */
  async settle() {
    await this.ask("echo", "settled");
    return this;
  }

  close() {
    this.socket.disconnect();
    this.socket.io.engine?.close();
  }
}
