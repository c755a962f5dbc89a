// engine.io-client against the Engine.IO half of the `protocol` app, which echoes every message.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Engine } from "../support/engine.mjs";
import { bytes, plain } from "../support/plain.mjs";
import { suite } from "../support/suite.mjs";
import { within } from "../support/wait.mjs";
import { TRANSPORTS } from "../support/client.mjs";

suite("protocol", (test) => {
  const dial = (world, transport) => world.later(new Engine(world.server.url("/engine.io/"), transport));
  const open = (world, transport) => dial(world, transport).open();

  for (const transport of Object.keys(TRANSPORTS)) {
    describe(`engine.io-client, ${transport}`, () => {
      test("text and binary come back as they went, in order", async (world) => {
        const engine = await open(world, transport);
        engine.socket.send("text");
        engine.socket.send(Buffer.from([0, 1, 254, 255]));
        engine.socket.send("é€😀 \u2028 \0");
        engine.socket.send(new Uint8Array([3]).buffer);
        assert.deepEqual(await engine.take(4), [
          "text",
          bytes(0, 1, 254, 255),
          "é€😀 \u2028 \0",
          bytes(3),
        ]);
      });

      test("100 KB of text and of bytes", async (world) => {
        const engine = await open(world, transport);
        const text = "aé".repeat(50_000);
        const blob = Buffer.alloc(100_000, "klatch");
        engine.socket.send(text);
        engine.socket.send(blob);
        const [first, second] = await engine.take(2);
        assert.ok(first === text, "the text differs");
        assert.deepEqual(second, plain(blob));
      });

      test("a burst of 1000 messages, each once and in order", async (world) => {
        const engine = await open(world, transport);
        const sent = Array.from({ length: 1000 }, (_, i) => `${i}`);
        for (const message of sent) engine.socket.send(message);
        assert.deepEqual(await engine.take(sent.length), sent);
      });

      test("the handshake says what the server was set to", async (world) => {
        const { socket } = await dial(world, transport);
        const [handshake] = await within(
          10_000,
          "the handshake",
          new Promise((done) => socket.once("handshake", (...args) => done(args))),
        );
        const { sid, ...rest } = handshake;
        assert.match(sid, /^[\w-]{20}$/);
        assert.deepEqual(rest, {
          upgrades: transport === "websocket" ? [] : ["websocket"],
          pingInterval: 300,
          pingTimeout: 200,
          maxPayload: 1_000_000,
        });
      });

      test("an idle connection lives on its heartbeat", async (world) => {
        const engine = await open(world, transport);
        await engine.within("4 pings", engine.event("ping", 4));
        engine.socket.send("still here");
        assert.deepEqual(await engine.take(1), ["still here"]);
      });

      test("a malformed packet makes the server close", async (world) => {
        const engine = await open(world, transport);
        if (transport === "upgrade" && engine.socket.transport.name === "polling") {
          await engine.within("upgrade", engine.event("upgrade"));
        }
        if (engine.socket.transport.name === "websocket") {
          engine.socket.transport.ws.send("abc");
        } else {
          const url = world.server.url("/engine.io/");
          url.search = `EIO=4&transport=polling&sid=${engine.socket.id}`;
          await fetch(url, { method: "POST", body: "abc" });
        }
        const [reason] = await engine.within("close", engine.closed.catch((e) => [e.message]));
        assert.match(reason, /transport|xhr/);
      });

      test("a closed connection's id is worth nothing", async (world) => {
        const engine = await open(world, transport);
        const url = world.server.url("/engine.io/");
        url.search = `EIO=4&transport=polling&sid=${engine.socket.id}`;
        if (transport === "upgrade") await engine.within("upgrade", engine.event("upgrade"));
        engine.close();
        await engine.within("close", engine.closed);
        // The close travels on a connection of its own: an answer before it arrives is no fault.
        let response;
        do response = await fetch(url, { method: "POST", body: "2" });
        while ((await response.json().catch(() => ({}))).code !== 1);
        assert.equal(response.status, 400);
      });
    });
  }

  test("messages around an upgrade arrive in order, each once", async (world) => {
    const engine = await open(world, "upgrade");
    const sent = [];
    const send = (message) => {
      sent.push(message);
      engine.socket.send(message);
    };
    for (let i = 0; i < 100; i++) send(`before ${i}`);
    engine.socket.on("upgrading", () => {
      for (let i = 0; i < 100; i++) send(`upgrading ${i}`);
    });
    await engine.within("upgrade", engine.event("upgrade"));
    for (let i = 0; i < 100; i++) send(`after ${i}`);
    assert.equal(engine.socket.transport.name, "websocket");
    assert.equal(sent.length, 300);
    assert.deepEqual(await engine.take(sent.length), sent);
  });
});
