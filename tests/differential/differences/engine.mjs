// E: differences for what Engine.IO's packets, and WebSocket's frames, say.

import { said } from "./said.mjs";
import { isCutShort } from "./shape.mjs";
import { framesOf, hasHead, written } from "./written.mjs";

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
      seen.step.act === "frames" &&
      said(seen).some((text) => text[0] === "1") &&
      isCutShort(seen.klatch, seen.node, "transport close"),
  },
  {
    id: "E16 in pieces",
    row: "a WebSocket frame that may not come",
    allows: ({ step, before, node, klatch }) =>
      step.act === "raw" &&
      !hasHead(framesOf([...written(before, step.line), step]).rest) &&
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

const isProbed = ({ step, before }) =>
  before.some(({ line, frames }) => line === step.line && frames?.[0].data === "2probe");

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
