// The WebSocket frames that a client wrote, wherever its writes begin and end.

import { bytesOf } from "../script.mjs";

/** Whether a step writes to a WebSocket. */
export function isFramed({ step, before }) {
  const isUpgrade = ({ line, headers = [] }) =>
    line === step.line && headers.some(([name]) => name === "upgrade");
  return step.act === "frames" || (step.act === "raw" && before.some(isUpgrade));
}

/** With an id in the place of that of a question: which one does not matter here. */
export const filled = (text) => text.replace(/\{q\d\}/g, "0");

/** The steps that wrote to a WebSocket. */
export const written = (steps, line) =>
  steps.filter((one) => one.line === line && (one.act === "frames" || one.act === "raw"));

/** The frames that are whole in what these steps wrote, and the bytes behind them. */
export function framesOf(steps) {
  let rest = Buffer.concat(steps.map((step) => bytesOf(step, filled)));
  const frames = [];
  for (;;) {
    const { frame, end } = first(rest);
    if (!frame) return { frames, rest };
    frames.push(frame);
    rest = rest.subarray(end);
  }
}

/** Whether bytes have the whole head of a frame; RFC 6455, section 5.2. */
export const hasHead = (bytes) => first(bytes).hasHead;

function first(bytes) {
  if (bytes.length < 2) return { hasHead: false };
  const short = bytes[1] & 0x7f;
  const wide = { 126: 2, 127: 8 }[short] ?? 0;
  const masked = bytes[1] >> 7;
  const start = 2 + wide + 4 * masked;
  if (bytes.length < start) return { hasHead: false };
  // What a case writes is never so long that the upper half of 64 bits counts.
  const length =
    wide === 0 ? short : bytes.readUIntBE(2 + wide - Math.min(wide, 4), Math.min(wide, 4));
  const end = start + length;
  if (bytes.length < end) return { hasHead: true };
  const mask = bytes.subarray(start - 4, start);
  const data = bytes.subarray(start, end).map((byte, index) => byte ^ (masked * mask[index % 4]));
  const frame = { opcode: bytes[0] & 0xf, fin: bytes[0] > 127, data: data.toString("latin1") };
  return { hasHead: true, frame, end };
}
