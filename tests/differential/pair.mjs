// Both servers, with the same settings.

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { play } from "./play.mjs";
import { Server } from "./server.mjs";
import { Side } from "./side.mjs";

const REFERENCE = resolve(dirname(fileURLToPath(import.meta.url)), "reference.mjs");

export class Pair {
  #servers;
  #sides;

  /** `apps` is klatch's program of apps; `reference` in its place sets Node against itself. */
  static async start(apps, settings, others = settings) {
    const node = (settings) => Server.start("node", process.execPath, [REFERENCE], settings);
    const klatch = (settings) =>
      Server.start("klatch", apps, ["differential", "--runtime", "tokio"], settings);
    const second = apps === "reference" ? node : klatch;
    return new Pair(await Promise.all([node(settings), second(others)]));
  }

  constructor(servers) {
    this.#servers = servers;
    this.#sides = servers.map((server) => new Side(server));
  }

  play(script, rules, used) {
    return play(script, this.#sides, rules, used);
  }

  async stop() {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}
