// Requests, most of which are wrong in one way or another.

import { UPGRADE, http, polling, post } from "../script.mjs";
import { mutated } from "./mutation.mjs";

const METHODS = [
  "GET",
  "GET",
  "GET",
  "GET",
  "POST",
  "POST",
  "HEAD",
  "PUT",
  "DELETE",
  "OPTIONS",
  "PATCH",
];
const SIDS = [
  "{s0}",
  "{s0}",
  "{s0}",
  "",
  "x",
  "A".repeat(20),
  "A".repeat(21),
  "__proto__",
  "constructor",
  "%7Bs0%7D",
];

/** A session, requests beside it, and whether it still lives. */
export function requesting(lot) {
  const opened = lot.once(3) ? [] : [...polling("a"), post("a", "40")];
  const asked = lot.many(1, 4, () => null).map((_, nth) => request(lot, `b${nth}`));
  return [...opened, ...asked, ...(opened.length > 0 ? [post("a", '42["echo","lives"]')] : [])];
}

function request(lot, line) {
  const method = lot.one(METHODS);
  const upgrades = lot.once(3);
  const transport = lot.once(6)
    ? lot.one(["abc", "", "constructor", "webtransport", "Polling"])
    : upgrades
      ? "websocket"
      : "polling";
  const pairs = [
    ["EIO", lot.once(6) ? lot.one(["3", "5", "", "abc", "04", "4.0"]) : "4"],
    ["transport", transport],
  ];
  if (lot.once(2)) pairs.push(["sid", lot.one(SIDS)]);
  if (lot.once(10)) pairs.push(lot.one(pairs));
  if (lot.once(10)) pairs.splice(lot.below(pairs.length), 1);
  if (lot.once(12)) pairs.push(["deny", "1"]);
  if (lot.once(6)) pairs.push(["t", "abc"], ["x", lot.one(["", "%", "%41", "a=b", "+"])]);
  if (lot.once(4)) pairs.reverse();
  const text = pairs.map(([name, value]) => `${name}=${value}`).join("&");
  const query = lot.once(15) ? mutatedQuery(lot, text) : text;
  const headers = upgrades ? upgrade(lot) : [];
  if (lot.once(5))
    headers.push([
      "origin",
      lot.one([
        "http://good.test",
        "http://good.test",
        "http://evil.test",
        "null",
        "HTTP://GOOD.TEST",
      ]),
    ]);
  const body =
    method === "POST" || lot.once(20)
      ? lot.one(['42["echo",1]', "40", "", "3", "x", "42\x1e", "2"])
      : undefined;
  if (body !== undefined && lot.once(3)) {
    headers.push([
      "content-type",
      lot.one([
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/octet-stream",
        "application/json",
      ]),
    ]);
  }
  if (method === "OPTIONS") headers.push(["access-control-request-method", "POST"]);
  return http(line, method, query, { headers, body });
}

/** What cannot be a target of HTTP is for the server's HTTP, which is not compared. */
function mutatedQuery(lot, text) {
  return mutated(lot, text).replace(/[^\x21-\x7e]|[#"<>\\^`{|}]/g, (char) =>
    /[{}]/.test(char) ? char : "",
  );
}

function upgrade(lot) {
  const headers = UPGRADE.map((pair) => [...pair]);
  if (lot.once(6)) headers.splice(2 + lot.below(2), 1);
  if (lot.once(8))
    headers[lot.below(headers.length)][1] = lot.one(["8", "12", "13, 8", "short", "A".repeat(24)]);
  if (lot.once(8))
    headers.push([
      "sec-websocket-extensions",
      lot.one(["permessage-deflate", "x; y=1", "constructor"]),
    ]);
  if (lot.once(10)) headers.push(["sec-websocket-protocol", lot.one(["chat", "a, b"])]);
  return headers.filter(([name, value]) => name !== "upgrade" || value === "websocket");
}
