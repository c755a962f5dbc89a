// Starts a server binary, waits until it says that it listens, and stops it again by its pid.

import { spawn } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { within } from "./wait.mjs";

const E2E = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** The runtime under test, as given by KLATCH_RUNTIME. */
export const runtime = process.env.KLATCH_RUNTIME ?? "tokio";

/** One app of the conformance apps, on ports that the system picks. */
export async function startApp(app) {
  const command = process.env.KLATCH_APPS ?? resolve(E2E, "../../target/debug/examples/apps");
  const server = await start(command, [app, "--runtime", runtime], {
    env: { PORT: "0", ENGINE_PORT: "0", SIO_PORT: "0" },
    ready: /^listening$/m,
  });
  server.recovers = app === "interop";
  return server;
}

/** Any server: `ready` matches its output once it accepts connections. */
export async function start(command, args, { env = {}, ready }) {
  const server = new Server(command, args, env);
  try {
    await within(15_000, `${command} to print ${ready}`, server.printed(ready));
  } catch (error) {
    // That it did not even end is no news.
    await server.stop().catch(() => {});
    error.message += server.report();
    throw error;
  }
  return server;
}

class Server {
  /** Whether it recovers connections: its events end with an offset then. */
  recovers = false;
  #child;
  #text = "";
  #watchers = new Set();
  #ended;
  #failure;
  #stopping = false;

  constructor(command, args, env) {
    this.#child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.#text += text;
        this.#look();
      });
    }
    this.#ended = new Promise((done) => {
      this.#child.on("error", (error) => done(error.message));
      this.#child.on("close", (code, signal) => done(`it ended with ${signal ?? code}`));
    }).then((why) => {
      this.#failure = why;
      if (!this.#stopping) this.#text += `\n[${why}]\n`;
      this.#look();
      return why;
    });
    process.on("exit", this.#kill);
  }

  /** All that the server printed so far. */
  get output() {
    return this.#text;
  }

  get pid() {
    return this.#child.pid;
  }

  /** The first printed URL whose path is `path`, or one further on. */
  url(path, nth = 0) {
    const found = [...this.#text.matchAll(/https?:\/\/[^\s]+/g)]
      .map(([url]) => new URL(url))
      .filter((url) => url.pathname === path)[nth];
    if (!found) throw new Error(`no address of ${path} was printed${this.report()}`);
    return found;
  }

  /** Where clients connect: the address printed for that, or the usual path of a host's. */
  get entry() {
    const named = /https?:\/\/[^\s]+\/socket\.io\//.test(this.#text);
    return named ? this.url("/socket.io/") : new URL("socket.io/", this.url("/"));
  }

  /** The match of `pattern` in the output, as soon as there is one. */
  printed(pattern) {
    return new Promise((done, fail) => {
      const watcher = () => {
        const match = this.#text.match(pattern);
        if (!match && !this.#failure) return;
        this.#watchers.delete(watcher);
        if (match) done(match);
        else fail(new Error(`the server never printed ${pattern}: ${this.#failure}`));
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }

  /** The output, framed for a failure's message. */
  report() {
    return `\n--- server ${this.pid ?? ""} ---\n${this.#text.trimEnd()}\n---\n`;
  }

  /** Throws if the server died before it was told to. */
  assertAlive() {
    if (this.#failure) throw new Error(`the server died: ${this.#failure}${this.report()}`);
  }

  /** Ends the server in good order, unless that takes long: it waits for clients that are gone and were polling. */
  async stop() {
    const patience = setTimeout(this.#kill, 1_000);
    await this.end("SIGTERM").finally(() => clearTimeout(patience));
  }

  /** Tells it to end by `signal`, and how it did. It waits ten seconds for whoever does not read. */
  async end(signal) {
    process.off("exit", this.#kill);
    this.#stopping = true;
    if (this.#failure || !this.pid) return this.#ended;
    process.kill(this.pid, signal);
    try {
      return await within(15_000, `the server to end by ${signal}`, this.#ended);
    } catch (error) {
      this.#kill();
      await this.#ended;
      error.message += this.report();
      throw error;
    }
  }

  #look() {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #kill = () => this.#child.kill("SIGKILL");
}
