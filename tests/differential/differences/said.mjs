// What a client said in a step, as packets, read as leniently as Node reads them.

import { BINARY, TEXT } from "../script.mjs";
import { filled, framesOf, isFramed, written } from "./written.mjs";

/** The Engine.IO packets that became whole in this step, and the one that its first attachment belongs to. */
export function said(seen) {
  const [old, all] = around(seen);
  const opening = all[0]?.startsWith("b") && old.findLast((message) => !message.startsWith("b"));
  return opening ? [opening, ...all] : all;
}

/** Whether what ends a connection may not be the first that came with it. */
export function isMuchAtOnce(seen) {
  const { step, before } = seen;
  if (!isFramed(seen)) return around(seen)[1].length > 1;
  const earlier = written(before, step.line);
  const { frames, rest } = framesOf([...earlier, step]);
  return frames.length - framesOf(earlier).frames.length + Number(rest.length > 0) > 1;
}

/** The packets that were whole before this step, and those that became so in it. */
function around(seen) {
  const { step, before } = seen;
  if (isFramed(seen)) {
    const earlier = written(before, step.line);
    const old = messages(framesOf(earlier).frames);
    return [old, messages(framesOf([...earlier, step]).frames).slice(old.length)];
  }
  const bodies = ({ act, line, body = "" }) =>
    act === "http" && line === step.line ? filled(body).split("\x1e") : [];
  return [before.flatMap(bodies), bodies(step)];
}

/** Messages of frames: those of bytes as polling has them. */
function messages(frames) {
  const all = [];
  let open;
  for (const { data, opcode, fin } of frames) {
    if (opcode === TEXT || opcode === BINARY) open = { opcode, data };
    else if (opcode === 0 && open) open.data += data;
    else continue;
    if (!fin) continue;
    all.push(
      open.opcode === BINARY
        ? `b${Buffer.from(open.data, "latin1").toString("base64")}`
        : open.data,
    );
    open = undefined;
  }
  return all;
}

/** A Socket.IO packet in a message, by the rules of socket.io-parser's `decodeString`; else `undefined`. */
export function packet(message) {
  // White space is a 0 to `Number`.
  const found = /^4([0-6\s])/.exec(message);
  if (!found) return undefined;
  const isBlank = found[1].trim() === "";
  const type = Number(found[1]);
  let rest = message.slice(2);
  const take = (pattern) => {
    const [taken] = pattern.exec(rest) ?? [""];
    rest = rest.slice(taken.length);
    return taken;
  };
  const count = type > 4 ? take(/^[^-]*-/).slice(0, -1) : undefined;
  const nsp = take(/^\/[^,]*,?/).replace(/,$/, "") || "/";
  // A space is a digit to `Number`.
  const id = take(/^[\d\s]*/);
  return { type, isBlank, count, nsp, id, json: rest };
}

/** How deep JSON nests. */
export function depth(json) {
  let [most, now, inText] = [0, 0, false];
  for (let at = 0; at < json.length; at += 1) {
    const char = json[at];
    if (inText && char === "\\") at += 1;
    else if (char === '"') inText = !inText;
    else if (!inText && (char === "[" || char === "{")) most = Math.max(most, (now += 1));
    else if (!inText && (char === "]" || char === "}")) now -= 1;
  }
  return most;
}

/** The name of an event, if it has one. */
export function eventName({ json }) {
  try {
    const [name] = JSON.parse(Buffer.from(json, "latin1").toString("utf8"));
    return /^(string|number)$/.test(typeof name) ? String(name) : undefined;
  } catch {
    return undefined;
  }
}
