// What a socket knows of its client, and keeps about it, of the `interop` app.

import assert from "node:assert/strict";
import { bytes } from "../support/plain.mjs";
import { matrix } from "../support/suite.mjs";

matrix("interop", (test, { transport }) => {
  test("a socket knows who it is", async (world) => {
    const client = await world.client("/chat");
    if (transport === "upgrade") await client.upgraded();
    assert.deepEqual(await client.ask("whoami"), {
      id: client.id,
      nsp: "/chat",
      recovered: false,
      transport: transport === "polling" ? "polling" : "websocket",
      data: {},
    });
  });

  test("the handshake is that of the opening request", async (world) => {
    const query = { plain: "a", "&odd key": "é &=?+%", empty: "" };
    const auth = { token: "secret", list: [1, { two: 2 }] };
    const extraHeaders = { "X-Test": "a header" };
    const client = await world.client("/chat", { query, auth, extraHeaders });
    if (transport === "upgrade") await client.upgraded();

    const before = Date.now();
    const shown = await client.ask("handshake");
    for (const [key, value] of Object.entries(query)) assert.equal(shown.query[key], value, key);
    assert.equal(shown.query.EIO, "4");
    assert.equal(shown.query.transport, transport === "websocket" ? "websocket" : "polling");
    assert.equal(shown.query.token, undefined);
    assert.deepEqual(shown.auth, auth);
    assert.equal(shown.header, "a header");
    assert.match(shown.url, /^\/socket\.io\/\?.*EIO=4/);
    assert.equal(new URL(shown.url, "http://server").searchParams.get("plain"), "a");
    assert.equal(shown.secure, false);
    assert.equal(shown.xdomain, false);
    assert.match(shown.address, /^(::ffff:)?127\.0\.0\.1$/);
    const minute = 60_000;
    assert.ok(Math.abs(before - shown.issued) < minute, `issued ${shown.issued}`);
    assert.ok(Math.abs(Date.parse(shown.time) - shown.issued) < 1_000, `time ${shown.time}`);
  });

  test("without auth, header and origin it says so", async (world) => {
    const { auth, header, xdomain } = await (await world.client("/")).ask("handshake");
    assert.deepEqual({ auth, header, xdomain }, { auth: {}, header: null, xdomain: false });
  });

  test("a request with an origin may be from another domain", async (world) => {
    const extraHeaders = { Origin: "http://elsewhere.example" };
    const client = await world.client("/", { extraHeaders });
    assert.equal((await client.ask("handshake")).xdomain, true);
  });

  test("data is kept with the socket, a name at a time", async (world) => {
    const client = await world.client("/chat");
    const side = await client.side("/").open();
    assert.deepEqual(await client.asks("set-data", { a: 1, b: { c: [null, "é"] } }), []);
    await client.ask("set-data", { a: 2, blob: Buffer.from([1, 2]) });
    const data = { a: 2, b: { c: [null, "é"] }, blob: bytes(1, 2) };
    assert.deepEqual((await client.ask("whoami")).data, data);
    assert.deepEqual((await side.ask("whoami")).data, { runs: 1 });
  });

  test("a listener for all events hears each, in order, before its handler", async (world) => {
    const client = await world.client("/chat");
    client.emit("noack", 1);
    client.emit("nobody listens to this", Buffer.from([1]));
    client.emit("blocked");
    const log = ["noack", "nobody listens to this", "blocked", "any-log"];
    assert.deepEqual(await client.ask("any-log"), log);
    const side = await client.side("/").open();
    assert.deepEqual(await side.ask("any-log"), ["any-log"]);
  });

  test("a middleware of events refuses one before its handler", async (world) => {
    const client = await world.client("/");
    client.emit("blocked", "argument");
    const error = { message: "blocked event", data: { event: "blocked" } };
    assert.deepEqual(await client.take("mw-error"), [[error]]);
    await client.settle();
    assert.deepEqual(client.got("not-blocked"), []);
  });
});
