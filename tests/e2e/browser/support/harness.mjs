// A test with a server and windows of its own. If it fails, the server's output comes with it.

import { after, test } from "node:test";
import { chromium } from "playwright-core";
import { ChatServer } from "./server.mjs";
import { Window } from "./window.mjs";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const TRANSPORTS = ["polling", "websocket", "upgrade"];

// At the first test that runs: a file whose tests are all skipped needs no browser.
let browser;
const launched = () =>
  (browser ??= chromium.launch({
    executablePath: process.env.KLATCH_CHROMIUM ?? "/usr/bin/chromium",
    args: ARGS,
  }));
after(async () => (await browser)?.close());

/**
 * `run` gets `server`, `open(options)` for an empty window, and `enter(nick, more)` for one that
 * is signed in.
 */
export function chatTest(name, run, options = {}) {
  test(name, { timeout: 120_000, ...options }, async () => {
    const server = new ChatServer();
    const windows = [];
    const open = async (how) => {
      const window = await Window.open(await launched(), how);
      windows.push(window);
      return window;
    };
    const enter = async (nick, { tenant, transport, ...how } = {}) => {
      const window = await open(how);
      await window.signIn(server.url, { nick, tenant, transport });
      return window;
    };
    try {
      await server.start();
      await run({ server, open, enter });
    } catch (error) {
      throw new Error(`${error.stack}\n\n${await report(server, windows)}`, { cause: error });
    } finally {
      await Promise.all(windows.map((w) => w.close()));
      await server.kill();
    }
  });
}

async function report(server, windows) {
  const parts = [`--- the server's output ---\n${server.output.join("\n")}`];
  for (const w of windows) {
    const sees = await w.page.locator("body").innerText({ timeout: 1_000 }).catch((e) => `(${e.message})`);
    parts.push(`--- what ${w.nick ?? "the window"} sees ---\n${sees}`);
    if (w.complaints.length) parts.push(`--- its console ---\n${w.complaints.join("\n")}`);
  }
  return parts.join("\n\n");
}

/** `chatTest` once for each way to connect. */
export function chatTestForEachTransport(name, run) {
  for (const transport of TRANSPORTS) {
    chatTest(`${transport}: ${name}`, (chat) =>
      run({
        ...chat,
        transport,
        enter: (nick, more) => chat.enter(nick, { transport, ...more }),
      }),
    );
  }
}
