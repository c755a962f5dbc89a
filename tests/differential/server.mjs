// A server under comparison: a process that tells on its output, line by line, what its handlers saw.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Line } from "./line.mjs";

/** How many round trips in a row must bring nothing until all is taken for done. */
const QUIET = 3;
const FENCE = Buffer.from("GET /fence HTTP/1.1\r\nhost: localhost\r\n\r\n");

const RUNNING = new Set();
process.on("exit", () => RUNNING.forEach((child) => child.kill("SIGKILL")));

export class Server {
  /** What handlers saw and nobody has taken yet. */
  told = [];
  #child;
  #fence;
  #answered = () => {};
  #news = 0;
  #failure;

  /** Starts it; it listens when this is done. `settings` are added to its environment. */
  static async start(name, command, args, settings) {
    const server = new Server(name);
    await server.#start(command, args, settings);
    return server;
  }

  constructor(name) {
    this.name = name;
  }

  async #start(command, args, settings) {
    // One thread does one thing after the other: a request of ours comes behind what came before.
    const env = { ...process.env, ...settings, PORT: "0", THREADS: "1" };
    this.#child = spawn(command, args, { env, stdio: ["ignore", "pipe", "inherit"] });
    RUNNING.add(this.#child);
    let url;
    await new Promise((done, fail) => {
      const ends = (why) => {
        this.#failure = new Error(`${this.name} ended: ${why}`);
        this.#answered();
        fail(this.#failure);
      };
      this.#child.on("error", (error) => ends(error.message));
      this.#child.on("exit", (code, signal) => ends(signal ?? code));
      createInterface(this.#child.stdout).on("line", (line) => {
        if (line.startsWith("{")) this.#hear(JSON.parse(line));
        else if (line === "listening") done();
        else url = new URL(line);
      });
    });
    this.port = Number(url.port);
  }

  #hear(seen) {
    this.told.push(seen);
    this.noticed();
  }

  /** Something came from it. */
  noticed = () => {
    this.#news += 1;
  };

  /** Done when it has nothing left to do but wait for others. */
  async settle() {
    for (let quiet = 0; quiet < QUIET;) {
      const before = this.#news;
      await this.#roundTrip();
      quiet = this.#news === before ? quiet + 1 : 0;
    }
  }

  async #roundTrip() {
    if (!this.#fence || this.#fence.ended) {
      this.#fence = new Line(this.port, () => this.#answered());
      await this.#fence.open;
    }
    const answered = new Promise((done) => (this.#answered = done));
    await this.#fence.write(FENCE, "GET");
    await answered;
    if (this.#failure) throw this.#failure;
  }

  async stop() {
    this.#fence?.drop();
    const ended = new Promise((done) => this.#child.once("exit", done));
    this.#child.kill("SIGKILL");
    await ended;
    RUNNING.delete(this.#child);
  }
}
