// E: differences for what Engine.IO's packets, and WebSocket's frames, say.

import { isDeepStrictEqual } from "node:util";
import { said } from "./said.mjs";
import { isCutShort } from "./shape.mjs";
import { isPolled } from "./session.mjs";
import { framesOf, hasHead, isFramed, written } from "./written.mjs";

export const ENGINE = [
  {
    id: "E8",
    row: "packets in one polling payload",
    allows: (seen) => said(seen).length > 1024 && isCutShort(seen.klatch, seen.node, "parse error"),
  },
  {
    id: "E9",
    row: "base64 that is none",
    allows: (seen) =>
      said(seen).some(isNoBase64) && isCutShort(seen.klatch, seen.node, "parse error"),
  },
  {
    id: "E10",
    row: "text that is not UTF-8 in a POST",
    allows: (seen) =>
      seen.step.method === "POST" &&
      isNoUtf8(seen.step.body) &&
      isCutShort(seen.klatch, seen.node, "parse error"),
  },
  {
    id: "E13",
    row: "`1` over WebSocket",
    allows: (seen) =>
      isFramed(seen) &&
      said(seen).some((text) => text[0] === "1") &&
      isCutShort(seen.klatch, seen.node, "transport close"),
  },
  {
    id: "closed while no poll waits",
    row: "a session by polling that is closed while no poll waits",
    allows: (seen) => {
      const { step, node, klatch } = seen;
      const ended = Object.entries(klatch.lines).filter(
        ([line, [{ close }]]) => close === undefined,
      );
      return (
        step.method === "POST" &&
        !isPolled(seen) &&
        isDeepStrictEqual(node.lines, Object.fromEntries(ended)) &&
        isDeepStrictEqual(node.seen, untilTheEnd(klatch))
      );
    },
  },
  {
    id: "E16 in pieces",
    row: "a WebSocket frame that may not come",
    allows: ({ step, before, node, klatch }) =>
      step.act === "raw" &&
      isNoWhole(framesOf([...written(before, step.line), step]).rest) &&
      node.lines[step.line]?.at(-1)?.close === 1002 &&
      klatch.lines[step.line]?.at(-1)?.close === undefined,
  },
  {
    id: "E19",
    row: "fragments of one WebSocket message",
    allows: ({ node, step }) => node.lines[step.line]?.some(({ close }) => close === 1008),
  },
  {
    id: "E20",
    row: "a second probe",
    allows: (seen) => {
      const { step, before, klatch } = seen;
      const probes = [...before, step].filter(
        ({ line, frames }) => line === step.line && frames?.some(({ data }) => data === "2probe"),
      );
      return (
        step.act === "frames" &&
        said(seen).includes("2probe") &&
        probes.length > 1 &&
        klatch.lines[step.line]?.[0]?.close === 1005
      );
    },
  },
  {
    id: "E21",
    row: "an upgrade without a probe",
    allows: (seen) =>
      seen.step.act === "frames" &&
      said(seen).includes("5") &&
      !isProbed(seen) &&
      seen.klatch.lines[seen.step.line]?.[0]?.close === 1005,
  },
];

/** Whether klatch waits for more of it: of a head, or of a close that is one byte long. */
const isNoWhole = (bytes) => !hasHead(bytes) || ((bytes[0] & 0xf) === 8 && (bytes[1] & 0x7f) === 1);

const isProbed = ({ step, before }) =>
  before.some(({ line, frames }) => line === step.line && frames?.[0].data === "2probe");

/** What handlers saw before they heard that it was over. */
function untilTheEnd({ seen }) {
  const isNoEnd = ({ saw }) => !saw.startsWith("disconnect");
  const all = Object.entries(seen).map(([socket, items]) => [socket, items.filter(isNoEnd)]);
  return Object.fromEntries(all.filter(([, items]) => items.length > 0));
}

const isNoBase64 = (text) =>
  text[0] === "b" && !/^b([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);

function isNoUtf8(body = "") {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(body, "latin1"));
    return false;
  } catch {
    return true;
  }
}
