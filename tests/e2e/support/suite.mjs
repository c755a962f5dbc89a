// A suite is one app, started once, and tests that open clients of it and never share a room.

import { after, before, describe, it } from "node:test";
import { Client, MATRIX, PACKED } from "./client.mjs";
import { startApp } from "./server.mjs";
import { within } from "./wait.mjs";

const TEST_TIMEOUT = 20_000;

/**
 * Declares tests against `app`, or what `launch` starts. `declare` gets `test(name, body)`; a body
 * gets a `world`: `server`, `room(name)` for a name no other test uses, and `later(close)` for
 * what it opened.
 */
export function suite(app, declare, launch = () => startApp(app)) {
  describe(app, () => {
    let server;
    before(async () => {
      server = await launch();
    });
    after(() => server?.stop());

    declare((name, body) => {
      it(name, async () => {
        const world = new World(server);
        try {
          await within(TEST_TIMEOUT, "the test to end", body(world));
          server.assertAlive();
        } catch (error) {
          console.error(`${name}${server.report()}`);
          throw error;
        } finally {
          world.close();
        }
      });
    });
  });
}

/**
 * The same tests for every client version and transport, or for `setups`: `declare(test, setup)`. With
 * every parser, too, where the app has a server for each.
 */
export function matrix(
  app,
  declare,
  setups = app === "interop" ? [...MATRIX, ...PACKED] : MATRIX,
) {
  suite(app, (test) => {
    for (const setup of setups) {
      describe(setup.name, () => {
        declare((name, body) => {
          test(name, (world) => body(world.with(setup)));
        }, setup);
      });
    }
  });
}

let rooms = 0;

class World {
  #opened = [];
  #setup;

  constructor(server) {
    this.server = server;
  }

  with(setup) {
    this.#setup = setup;
    return this;
  }

  /** A name that no other test uses. */
  room(name = "room") {
    rooms += 1;
    return `${name}-${rooms}`;
  }

  /** Registers what is to be closed when the test ends. */
  later(opened) {
    this.#opened.push(opened);
    return opened;
  }

  /** Where clients of this world's setup connect. */
  get url() {
    return this.#setup?.parser ? this.server.url("/socket.io/", 1) : this.server.entry;
  }

  /** A client that may not be connected yet; with the world's parser. */
  dial(nsp = "/", options = {}, setup = this.#setup, url = this.url) {
    const parser = this.#setup?.parser;
    const { recovers } = this.server;
    return this.later(Client.dial(url, nsp, { ...setup, parser, recovers }, options));
  }

  /** A connected client. */
  client(nsp, options, setup) {
    return this.dial(nsp, options, setup).open();
  }

  /** Several of them, in `/`. */
  clients(count) {
    return Promise.all(Array.from({ length: count }, () => this.client("/")));
  }

  close() {
    for (const opened of this.#opened) opened.close();
  }
}
