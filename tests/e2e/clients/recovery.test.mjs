// Clients that were lost, and who they are when they come back, of the `interop` app.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { bytes } from "../support/plain.mjs";
import { matrix, suite } from "../support/suite.mjs";
import { Engine } from "../support/engine.mjs";
import { eventually } from "../support/wait.mjs";

/** A client in a room, lost without a word, and another that knows when the server has noticed. */
async function lost(world, nsp) {
  const [other, client] = [await world.client(nsp), await world.client(nsp)];
  const [room, elsewhere] = [world.room(), world.room("elsewhere")];
  await client.ask("join", room);
  await client.ask("set-data", { name: "ada" });
  await other.ask("emit", { to: [room] }, "news", ["before"]);
  await client.take("news");
  const missed = async () => {
    await client.disconnected();
    const size = () => other.ask("room-size", room);
    await eventually("the client to be missed", size, (size) => size === 0);
  };
  const lose = () => {
    cut(client.engine);
    return missed();
  };
  const back = () => {
    client.socket.connect();
    return client.open();
  };
  return { other, client, room, elsewhere, lose, missed, back, id: client.id };
}

/** Breaks a WebSocket; polling is closed as engine.io-client does. */
function cut(engine) {
  if (engine.transport.ws) engine.transport.ws.terminate();
  else engine.close();
}

matrix("interop", (test, { version, transport }) => {
  const recovers = version === "4.8";

  for (const nsp of ["/", "/chat"]) {
    test(`a lost client comes back to ${nsp}`, async (world) => {
      const { other, client, room, elsewhere, lose, back, id } = await lost(world, nsp);
      if (transport === "upgrade") await client.upgraded();
      await lose();
      const blob = Buffer.from([1, 2, 3]);
      for (const [spec, ...args] of [
        [{ to: [room] }, "to the room", blob],
        [{ to: [room], flags: ["volatile"] }, "volatile"],
        [{ to: [elsewhere] }, "to another room"],
        [{ to: [room], except: [id] }, "to the room, except the client"],
        [{ from: "io", except: [room] }, "except the room"],
        [{ from: "io" }, "to all"],
        [{ to: [elsewhere, id, room] }, "to the client and the room"],
      ]) {
        await other.ask("emit", spec, "news", args);
      }
      await back();
      const { data, recovered } = await client.ask("whoami");
      assert.equal(recovered, recovers);
      assert.deepEqual(data, {
        ...(nsp === "/" && { runs: 1 }),
        ...(recovers && { name: "ada" }),
      });
      if (!recovers) {
        assert.notEqual(client.id, id);
        assert.deepEqual(await client.ask("rooms"), [client.id]);
        assert.deepEqual(client.got("news"), [["before"]]);
        return;
      }
      assert.equal(client.socket.recovered, true);
      assert.equal(client.id, id);
      assert.deepEqual(await client.ask("rooms"), [id, room].sort());
      await other.ask("emit", { to: [room] }, "news", ["after"]);
      await client.settle();
      // What others sent to all is not this test's.
      const news = client.got("news");
      assert.deepEqual(news, [
        ["before"],
        ["to the room", bytes(1, 2, 3)],
        ["to all"],
        ["to the client and the room"],
        ["after"],
      ]);
    });
  }

  test("who was disconnected, by either side, comes back as somebody new", async (world) => {
    for (const leave of ["client", "server"]) {
      const { other, client, room, missed, back, id } = await lost(world, "/chat");
      // So that the connection stays: an old client trips over closing and opening it at once.
      await client.side("/").open();
      if (leave === "client") client.socket.disconnect();
      else client.emit("disconnect-me", false);
      await missed();
      await other.ask("emit", { to: [room] }, "news", ["missed"]);
      await back();
      assert.notEqual(client.id, id);
      assert.equal((await client.ask("whoami")).recovered, false);
      assert.deepEqual(await client.ask("rooms"), [client.id]);
      assert.deepEqual(client.got("news"), [["before"]]);
    }
  });
});

matrix(
  "interop",
  (test) => {
    test("who is away for too long comes back as somebody new", async (world) => {
      const { client, lose, back, id } = await lost(world, "/");
      await lose();
      await new Promise((done) => setTimeout(done, 2_200));
      await back();
      assert.notEqual(client.id, id);
      assert.equal(client.socket.recovered, false);
      assert.deepEqual((await client.ask("whoami")).data, { runs: 1 });
    });
  },
  [{ version: "4.8", transport: "websocket", name: "socket.io-client 4.8, websocket" }],
);

suite("interop", (test) => {
  for (const transport of ["polling", "websocket"]) {
    describe(`engine.io-client, ${transport}`, () => {
      test("what has an offset on the wire, and what has none", async (world) => {
        const engine = world.later(new Engine(world.server.entry, transport));
        await engine.open();
        const expect = async (...messages) => {
          for (const message of messages) {
            assert.match((await engine.take(1)).shift(), message);
          }
        };
        engine.socket.send("0/chat,");
        await expect(/^0\/chat,\{"sid":"[-\w]{20}","pid":"[-\w]{20}"\}$/);
        engine.socket.send('2/chat,["echo","a"]');
        await expect(/^2\/chat,\["echo","a","[-\w]{8}"\]$/);
        engine.socket.send('2/chat,1["echo","a"]');
        await expect(/^3\/chat,1\["a"\]$/);
        // Dropped, if it cannot leave at once; then the answer comes alone.
        const ready = async () => {
          engine.socket.send('2/chat,3["emit",{"flags":["volatile"]},"news",["volatile"]]');
          const [first] = await engine.take(1);
          engine.received.shift();
          return first;
        };
        const news = await eventually("a volatile event", ready, (first) => first.startsWith("2"));
        assert.equal(news, '2/chat,["news","volatile"]');
        await expect(/^3\/chat,3\[\]$/);
        engine.socket.send('2/chat,2["ask-me","well?",0]');
        const [question] = await engine.take(1);
        engine.received.shift();
        const [, id] = question.match(/^2\/chat,(\d+)\["question","well\?"\]$/);
        engine.socket.send(`3/chat,${id}["well!"]`);
        await expect(/^3\/chat,2\[\{"ok":true,"answers":\["well!"\]\}\]$/);
      });
    });
  }
});
