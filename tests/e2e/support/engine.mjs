// engine.io-client without Socket.IO above it, as one that remembers all it was sent.

import { Socket } from "engine.io-client";
import { TRANSPORTS } from "./client.mjs";
import { plain } from "./plain.mjs";
import { within } from "./wait.mjs";

const PATIENCE = 10_000;

/** An Engine.IO connection that remembers what came. */
export class Engine {
  received = [];
  #watchers = new Set();

  constructor(url, transport) {
    this.socket = new Socket(url.origin, {
      path: url.pathname,
      transports: TRANSPORTS[transport],
    });
    this.closed = this.event("close");
    this.closed.catch(() => {});
    this.socket.on("message", (data) => {
      this.received.push(plain(data));
      for (const watcher of [...this.#watchers]) watcher();
    });
  }

  event(name, count = 1) {
    return new Promise((done, fail) => {
      let seen = 0;
      this.socket.on(name, (...args) => ++seen === count && done(args));
      this.socket.once("error", fail);
    });
  }

  within(what, promise) {
    return within(PATIENCE, what, promise);
  }

  async open() {
    if (this.socket.readyState !== "open") await this.within("open", this.event("open"));
    return this;
  }

  /** All messages, once there are `count`. */
  take(count) {
    return this.within(
      `${count} messages`,
      new Promise((done) => {
        const watcher = () => {
          if (this.received.length < count) return;
          this.#watchers.delete(watcher);
          done(this.received);
        };
        this.#watchers.add(watcher);
        watcher();
      }),
    );
  }

  close() {
    this.socket.close();
  }
}
