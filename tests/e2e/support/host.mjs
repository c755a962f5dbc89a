// The host example under test: a server that KLATCH_SERVER starts, or one that KLATCH_URL names.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./server.mjs";

/** How the host is tried: `KLATCH_TRANSPORTS=websocket`, say; all ways unless it says so. */
export const transports = (process.env.KLATCH_TRANSPORTS ?? "polling,websocket,upgrade").split(",");

/** Whether the tests start the host, and so may end it. */
export const ends = !process.env.KLATCH_URL;

/**
 * Starts the program in KLATCH_SERVER, with the arguments in KLATCH_SERVER_ARGS, a JSON list, and
 * PORT=0; it prints its URL and then `listening`.
 * If it speaks TLS, it writes its certificate to KLATCH_CA first, where the clients read it.
 * A server at KLATCH_URL runs already, and what it prints is not seen.
 */
export async function startHost() {
  const { KLATCH_SERVER, KLATCH_SERVER_ARGS = "[]", KLATCH_URL } = process.env;
  if (KLATCH_URL) return elsewhere(new URL("socket.io/", KLATCH_URL));
  if (!KLATCH_SERVER) throw new Error("set KLATCH_SERVER to a program, or KLATCH_URL");
  process.env.KLATCH_CA ??= join(temporary(), "ca.pem");
  const args = JSON.parse(KLATCH_SERVER_ARGS);
  return start(KLATCH_SERVER, args, { env: { PORT: "0" }, ready: /^listening$/m });
}

function elsewhere(entry) {
  return { entry, report: () => "", assertAlive() {}, async stop() {} };
}

/** A folder that is gone when the tests are over. */
function temporary() {
  const folder = mkdtempSync(join(tmpdir(), "klatch-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
