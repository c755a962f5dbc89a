// H: what HTTP can do to a server.

import {
  UPGRADE,
  drop,
  frame,
  http,
  pass,
  polling,
  poll,
  post,
  raw,
  websocket,
} from "../script.mjs";
import { row } from "./row.mjs";

const POLLING = "EIO=4&transport=polling";
const WEBSOCKET = "EIO=4&transport=websocket";
const LIVE = `${POLLING}&sid={s0}`;

const get = (query, headers) => http("a", "GET", query, { headers });
const one = (name, ...steps) => row(name, steps);
const live = (name, ...steps) => row(name, [polling("a"), post("a", "40"), steps]);
const many = (count) => Array.from({ length: count }, (_, n) => [`x-${n}`, "1"]);
const origin = (host) => ["origin", `http://${host}.test`];
const preflight = (host) => [
  origin(host),
  ["access-control-request-method", "POST"],
  ["access-control-request-headers", "x-one"],
];
const without = (name) => UPGRADE.filter(([header]) => header !== name);
const head = (method, query, ...lines) =>
  [`${method} /socket.io/?${query} HTTP/1.1`, ...lines, "", ""].join("\r\n");

export const HTTP = [
  ...[
    "EIO=4",
    "EIO=4&transport=abc",
    "EIO=4&transport=constructor",
    "EIO=4&transport=webtransport",
  ].map((query) => one(`H1 ${query}`, get(query))),
  ...["transport=polling", "EIO=3&transport=polling", "EIO=abc&transport=polling"].map((query) =>
    one(`H2 ${query}`, get(query)),
  ),
  one("H2 a key given twice", get("EIO=4&EIO=3&transport=polling")),
  one("H2 a key given twice alike", get("EIO=4&EIO=4&transport=polling")),
  ...["POST", "PUT", "HEAD", "DELETE", "PATCH"].map((method) =>
    one(`H3 ${method}`, http("a", method, POLLING)),
  ),
  ...["DELETE", "HEAD", "PUT", "PATCH"].map((method) =>
    live(`H4 ${method}`, http("b", method, LIVE), post("a", '42["echo",1]')),
  ),
  one("H5 a websocket without an upgrade", get(WEBSOCKET)),
  live("H5 the same of a session", http("b", "GET", `${WEBSOCKET}&sid={s0}`)),
  row("H5 the same of a session that has a websocket", [
    websocket("a"),
    http("b", "GET", `${WEBSOCKET}&sid={s0}`),
  ]),
  ...["x", "__proto__", "A".repeat(20), "A".repeat(8192)].flatMap((sid) => [
    one(`H6 a poll of ${sid.slice(0, 20)}`, get(`${POLLING}&sid=${sid}`)),
    one(
      `H6 a post to ${sid.slice(0, 20)}`,
      http("a", "POST", `${POLLING}&sid=${sid}`, { body: "40" }),
    ),
  ]),
  one("H6 another version, too", get(`EIO=3&transport=polling&sid=${"A".repeat(20)}`)),
  one("H7 an empty sid", get(`${POLLING}&sid=`)),
  ...["deny", "deny=", "deny=1", "deny=.1", "denied=1"].map((told) =>
    one(`H8 who is not wanted, by polling: ${told}`, get(`${POLLING}&${told}`)),
  ),
  one("H8 who is not wanted, and speaks another version", get("EIO=3&transport=polling&deny=1")),
  one("H8 who is not wanted, by websocket", get(`${WEBSOCKET}&deny=1`, UPGRADE)),
  one("H9 an evil origin", get(POLLING, [origin("evil")])),
  one("H9 a good origin", get(POLLING, [origin("good")])),
  one("H10 an evil origin, by websocket", get(WEBSOCKET, [...UPGRADE, origin("evil")])),
  one("H10 a good origin, by websocket", get(WEBSOCKET, [...UPGRADE, origin("good")])),
  one("H12 a preflight", http("a", "OPTIONS", POLLING, { headers: preflight("good") })),
  one("H12 an evil preflight", http("a", "OPTIONS", POLLING, { headers: preflight("evil") })),
  one(
    "H12 a preflight that asks for an upgrade",
    http("a", "OPTIONS", WEBSOCKET, { headers: [...UPGRADE, ...preflight("good")] }),
  ),
  one("H13 20 KB of a header", get(POLLING, [["x", "x".repeat(20_000)]])),
  one("H13 3000 headers", get(POLLING, many(3000))),
  one("H13 200 headers", get(POLLING, many(200))),
  one("H14 2100 headers and an upgrade", get(WEBSOCKET, [...many(2100), ...UPGRADE])),
  live(
    "H16 a length beside chunks",
    raw("b", head("POST", LIVE, "host: x", "content-length: 500", "transfer-encoding: chunked")),
    raw("b", "1\r\n3\r\n0\r\n\r\n"),
  ),
  live(
    "H16 two lengths",
    raw("b", `${head("POST", LIVE, "host: x", "content-length: 1", "content-length: 2")}33`),
  ),
  live(
    "H16 twice a length",
    raw("b", `${head("POST", LIVE, "host: x", "content-length: 1", "content-length: 1")}3`),
  ),
  live(
    "H16 a length with a sign",
    raw("b", `${head("POST", LIVE, "host: x", "content-length: +1")}3`),
  ),
  live(
    "H16 a chunk without a size",
    raw("b", `${head("POST", LIVE, "host: x", "transfer-encoding: chunked")}x\r\n3\r\n0\r\n\r\n`),
  ),
  live(
    "H16 NUL in a header",
    raw("b", `${head("POST", LIVE, "host: x", "x: \0", "content-length: 1")}3`),
  ),
  one("H16 no host", raw("a", head("GET", POLLING))),
  ...UPGRADE.slice(2).map(([name]) => one(`H18 no ${name}`, get(WEBSOCKET, without(name)))),
  ...["short", "!".repeat(24), "A".repeat(24)].map((key) =>
    one(
      `H18 the key ${key}`,
      get(WEBSOCKET, [...without("sec-websocket-key"), ["sec-websocket-key", key]]),
    ),
  ),
  ...["8", "12"].map((version) =>
    one(
      `H18 version ${version}`,
      get(WEBSOCKET, [...without("sec-websocket-version"), ["sec-websocket-version", version]]),
    ),
  ),
  ...["b, a", "a,,b"].map((offered) =>
    one(
      `H18 the protocols ${offered}`,
      get(WEBSOCKET, [...UPGRADE, ["sec-websocket-protocol", offered]]),
    ),
  ),
  one("H18 a body", http("a", "GET", WEBSOCKET, { headers: UPGRADE, body: "40" })),
  live(
    "H18 a body, of a session",
    http("b", "GET", `${WEBSOCKET}&sid={s0}`, { headers: UPGRADE, body: "40" }),
  ),
  one("H18 a POST", http("a", "POST", WEBSOCKET, { headers: UPGRADE })),
  one("H18 an upgrade to polling", get(POLLING, UPGRADE)),
  one("H18 an unknown sid", get(`${WEBSOCKET}&sid=${"A".repeat(20)}`, UPGRADE)),
  one("H19 another version", get("EIO=3&transport=websocket", UPGRADE)),
  one("H20 another path", http("a", "GET", POLLING, { path: "/other" })),
  one("H20 a path below", http("a", "GET", POLLING, { path: "/socket.io/below" })),
  one("H20 no slash", http("a", "GET", POLLING, { path: "/socket.io" })),
  row("H22 gone once it has asked", [websocket("a"), frame("a", "40"), drop("a")]),
  live("H24 a body that is too long", post("b", "4".repeat(100_001)), post("a", '42["echo",1]')),
  live(
    "H24 chunks that are too long",
    raw("b", head("POST", LIVE, "host: x", "transfer-encoding: chunked")),
    raw("b", `${(100_001).toString(16)}\r\n${"4".repeat(100_001)}\r\n0\r\n\r\n`),
    post("a", '42["echo",1]'),
  ),
  live("H24 a body that just fits", post("a", `42["event","${"x".repeat(100_000 - 13)}"]`)),
  live(
    "H29 a compressed body",
    http("b", "POST", LIVE, { headers: [["content-encoding", "gzip"]], body: "42" }),
  ),
  live(
    "H30 a body of bytes",
    http("b", "POST", LIVE, {
      headers: [["content-type", "application/octet-stream"]],
      body: "42",
    }),
  ),
  one(
    "H20 an upgrade of another path",
    http("a", "GET", WEBSOCKET, { path: "/other", headers: UPGRADE }),
  ),
  live(
    "H23 a body that is announced too long",
    raw("b", `${head("POST", LIVE, "host: x", "content-length: 99999999999")}4`),
  ),
];

/** Those that wait for a timer, of servers whose timers are short. */
export const SLOW_HTTP = [
  live(
    "H26 a body that does not come",
    raw("b", `${head("POST", LIVE, "host: x", "content-length: 11")}42`),
    pass(2_300),
  ),
  row("H28 nobody polls", [http("a", "GET", POLLING), pass(1_700), http("b", "GET", LIVE)]),
  row("H28 nobody joins, and polls", [http("a", "GET", POLLING), poll("b", LIVE), pass(1_700)]),
];
