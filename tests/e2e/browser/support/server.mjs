// The chat server under test, as a child process: started, listened to, killed.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const e2e = fileURLToPath(new URL("../..", import.meta.url));
const BINARY = resolve(e2e, process.env.KLATCH_CHAT ?? "../../target/debug/examples/chat");
const PAGE = resolve(e2e, process.env.KLATCH_PAGE ?? "../../examples/chat/page/dist");
const RUNTIME = process.env.KLATCH_RUNTIME ?? "tokio";

const PATIENCE = 20_000;

export class ChatServer {
  /** All it ever printed, over all its lives: what one wants to see when a test fails. */
  output = [];
  #child = null;
  #printed = [];
  #waiting = new Set();

  async start() {
    if (!existsSync(BINARY)) throw new Error(`no chat server at ${BINARY}: build it, or set KLATCH_CHAT`);
    if (!existsSync(PAGE)) throw new Error(`no page at ${PAGE}: build it, or set KLATCH_PAGE`);
    await this.#launch(0);
  }

  /** Again, where its clients look for it. */
  async restart() {
    await this.#launch(Number(new URL(this.url).port));
  }

  async #launch(port) {
    const args = ["--port", String(port), "--runtime", RUNTIME, "--page", PAGE];
    const child = spawn(BINARY, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#printed = [];
    this.output.push(`$ ${BINARY} ${args.join(" ")}`);
    this.exited = new Promise((done) => {
      child.once("error", (error) => done(`could not be started: ${error.message}`));
      child.once("close", (code, signal) => done(`ended: ${signal ?? `exit code ${code}`}`));
    }).then((how) => {
      this.output.push(`(${how})`);
      for (const w of this.#waiting) w.fail(new Error(`the server ${how}, while waiting for ${w.pattern}`));
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.#onLine(line));
    createInterface({ input: child.stderr }).on("line", (line) => this.output.push(`stderr: ${line}`));
    const [, url] = await this.line(/^listening on (http:\/\/\S+\/)$/);
    this.url = url;
  }

  #onLine(line) {
    this.output.push(line);
    this.#printed.push(line);
    for (const w of this.#waiting) w.look(line);
  }

  /** A line on stdout, of this life, printed already or yet to come. */
  line(pattern) {
    for (const line of this.#printed) {
      const match = pattern.exec(line);
      if (match) return Promise.resolve(match);
    }
    return new Promise((done, fail) => {
      const end = (settle, value) => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        settle(value);
      };
      const timer = setTimeout(() => waiter.fail(new Error(`the server never printed ${pattern}`)), PATIENCE);
      const waiter = {
        pattern,
        fail: (error) => end(fail, error),
        look: (line) => {
          const match = pattern.exec(line);
          if (match) end(done, match);
        },
      };
      this.#waiting.add(waiter);
    });
  }

  /**
   * It takes no more notice of anything; connections stay open. A signal has been sent when `kill`
   * returns, not obeyed: that is when the kernel calls each of its threads stopped.
   */
  async freeze() {
    this.#child.kill("SIGSTOP");
    const threads = `/proc/${this.#child.pid}/task`;
    // proc(5): the state follows the name, which may hold anything, in parentheses.
    const stopped = (id) => /^ T /.test(readFileSync(`${threads}/${id}/stat`, "latin1").replace(/^.*\)/s, ""));
    while (!readdirSync(threads).every(stopped)) await new Promise(setImmediate);
  }

  async kill() {
    this.#child?.kill("SIGKILL");
    await this.exited;
  }
}
