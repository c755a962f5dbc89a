// How rows of the table of hostile inputs are written down.

import { frame, polling, post, websocket } from "../script.mjs";

/** A case with a name. */
export const row = (name, script) => ({ name, script: script.flat(Infinity) });

/** An attachment in a list of packets. */
export const bytes = (data) => ({ data });

const MORE = '42["echo","more"]';

/** The packets of a client that is in `/`, by either transport, and one more event behind them. */
export function both(name, ...packets) {
  return [byPolling(name, packets), byWebSocket(name, packets)];
}

export function byPolling(name, packets, joined = ["40"]) {
  const first = joined.map((packet) => post("a", packet));
  const more = post("a", MORE);
  return row(`${name}, by polling`, [polling("a"), ...first, post("a", payload(packets)), more]);
}

export function byWebSocket(name, packets, joined = ["40"]) {
  const all = [...joined, ...packets, MORE].map((packet) => message("a", packet));
  return row(`${name}, by websocket`, [websocket("a"), ...all]);
}

/** A message by WebSocket. */
export function message(line, packet) {
  return typeof packet === "string" ? frame(line, packet) : frame(line, packet.data, { opcode: 2 });
}

/** Packets as a body has them. */
export function payload(packets) {
  const base64 = ({ data }) => `b${Buffer.from(data, "latin1").toString("base64")}`;
  return packets.map((one) => (typeof one === "string" ? one : base64(one))).join("\x1e");
}
