// What browsers ask before they let a page speak, and what is too long, of the `interop` app.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Engine } from "../support/engine.mjs";
import { suite } from "../support/suite.mjs";

/** The app's limit of a message. */
const MAX_PAYLOAD = 100_000;

suite("interop", (test) => {
  const open = (world) => {
    const url = world.server.url("/socket.io/");
    url.search = "EIO=4&transport=polling";
    return url;
  };

  test("a preflight is answered with what is allowed", async (world) => {
    const headers = {
      Origin: "http://page.example",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "x-one, x-two",
    };
    const answer = await fetch(open(world), { method: "OPTIONS", headers });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    assert.match(answer.headers.get("access-control-allow-methods"), /\bGET\b.*\bPOST\b/);
    assert.match(answer.headers.get("access-control-allow-headers"), /x-one, *x-two/);
    assert.equal(answer.headers.get("content-length") ?? "0", "0");
  });

  test("every answer says who may read it", async (world) => {
    const headers = { Origin: "http://page.example" };
    const opened = await fetch(open(world), { headers });
    assert.equal(opened.status, 200);
    assert.equal(opened.headers.get("access-control-allow-origin"), "*");
    const url = open(world);
    url.searchParams.set("sid", "unknown");
    const refused = await fetch(url, { headers });
    assert.equal(refused.status, 400);
    assert.equal(refused.headers.get("access-control-allow-origin"), "*");
    assert.deepEqual(await refused.json(), { code: 1, message: "Session ID unknown" });
  });

  test("no cookie is set, and the handshake is as it was set", async (world) => {
    const answer = await fetch(open(world));
    assert.equal(answer.headers.get("set-cookie"), null);
    const { sid, ...rest } = JSON.parse((await answer.text()).slice(1));
    assert.match(sid, /^[-\w]{20}$/);
    assert.deepEqual(rest, {
      upgrades: ["websocket"],
      pingInterval: 1000,
      pingTimeout: 1000,
      maxPayload: MAX_PAYLOAD,
    });
  });

  test("who joins no namespace in time is sent away", async (world) => {
    const engine = world.later(new Engine(world.server.entry, "websocket"));
    await engine.open();
    const [reason] = await engine.within("the end", engine.closed);
    assert.equal(reason, "transport close");
  });

  describe("what is longer than the limit", () => {
    const joined = (world, transport) => world.client("/", {}, { version: "4.8", transport });

    test("ends a WebSocket with 1009", async (world) => {
      const client = await joined(world, "websocket");
      const closed = new Promise((done) => client.engine.transport.ws.on("close", done));
      client.emit("echo", "a".repeat(MAX_PAYLOAD));
      assert.equal(await client.disconnected(), "transport close");
      assert.equal(await closed, 1009);
    });

    test("is refused with 413 in a POST", async (world) => {
      const client = await joined(world, "polling");
      const error = new Promise((done) => client.engine.on("error", done));
      client.emit("echo", "a".repeat(MAX_PAYLOAD));
      assert.equal(await client.disconnected(), "transport error");
      assert.equal((await error).description, 413);
    });
  });
});
