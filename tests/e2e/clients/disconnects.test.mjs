// How sockets end, and what each side is told about it, of the `interop` app.

import assert from "node:assert/strict";
import { matrix, suite } from "../support/suite.mjs";
import { eventually } from "../support/wait.mjs";

/** A client in a room, whose end is watched; `end()` is what the server stored about it. */
async function watched(world, client, watcher) {
  const room = world.room();
  const token = world.room("token");
  await client.ask("join", room);
  await client.ask("watch", token);
  const rooms = [client.id, room].sort();
  const end = () =>
    eventually(
      "the disconnect to be stored",
      () => watcher.ask("reason-of", token),
      (stored) => stored !== null,
    );
  return { room, end, rooms };
}

matrix("interop", (test, { transport }) => {
  /** Two clients: one to end, also in `/chat`, and one to ask about it. */
  async function pair(world) {
    const [watcher, client] = await world.clients(2);
    const chat = await client.side("/chat").open();
    const main = await watched(world, client, watcher);
    const side = await watched(world, chat, await watcher.side("/chat").open());
    return { watcher, client, chat, main, side };
  }

  test("nothing is stored about a socket that lives", async (world) => {
    const { watcher } = await pair(world);
    assert.equal(await watcher.ask("reason-of", world.room("token")), null);
  });

  test("the client leaves a namespace", async (world) => {
    const { client, chat, main } = await pair(world);
    client.socket.disconnect();
    assert.equal(await client.disconnected(), "io client disconnect");
    const expected = { reason: "client namespace disconnect", rooms: main.rooms, after: [] };
    assert.deepEqual(await main.end(), expected);
    assert.equal(await chat.ask("echo", "alive"), "alive");
  });

  test("the client closes its connection", async (world) => {
    const { client, main, side } = await pair(world);
    client.engine.close();
    await client.disconnected();
    for (const { end, rooms } of [main, side]) {
      assert.deepEqual(await end(), { reason: "transport close", rooms, after: [] });
    }
  });

  if (transport !== "polling") {
    test("the client's connection breaks", async (world) => {
      const { client, main, side } = await pair(world);
      if (transport === "upgrade") await client.upgraded();
      client.engine.transport.ws.terminate();
      await client.disconnected();
      for (const { end, rooms } of [main, side]) {
        const { reason, ...rest } = await end();
        assert.match(reason, /^transport (close|error)$/);
        assert.deepEqual(rest, { rooms, after: [] });
      }
    });
  }

  test("the server disconnects the socket from its namespace", async (world) => {
    const { client, chat, main } = await pair(world);
    client.emit("disconnect-me", false);
    assert.equal(await client.disconnected(), "io server disconnect");
    const expected = { reason: "server namespace disconnect", rooms: main.rooms, after: [] };
    assert.deepEqual(await main.end(), expected);
    assert.equal(await chat.ask("echo", "alive"), "alive");
  });

  test("the server disconnects the client from all namespaces", async (world) => {
    const { client, chat, main, side } = await pair(world);
    client.emit("disconnect-me", true);
    assert.equal(await client.disconnected(), "io server disconnect");
    assert.equal(await chat.disconnected(), "io server disconnect");
    for (const { end, rooms } of [main, side]) {
      assert.deepEqual(await end(), { reason: "server namespace disconnect", rooms, after: [] });
    }
  });

  test("the server closes the connection beneath", async (world) => {
    const { client, chat, main, side } = await pair(world);
    client.emit("engine-close");
    assert.equal(await client.disconnected(), "transport close");
    assert.equal(await chat.disconnected(), "transport close");
    for (const { end, rooms } of [main, side]) {
      const stored = await end();
      assert.match(stored.reason, /^forced (server )?close$/);
      assert.deepEqual([stored.rooms, stored.after], [rooms, []]);
    }
  });

  test("disconnect-sockets takes a room out of its namespace", async (world) => {
    const { watcher, client, chat, main } = await pair(world);
    await watcher.ask("disconnect-sockets", main.room, false);
    assert.equal(await client.disconnected(), "io server disconnect");
    assert.equal((await main.end()).reason, "server namespace disconnect");
    assert.equal(await chat.ask("echo", "alive"), "alive");
    assert.equal(await watcher.ask("echo", "alive"), "alive");
  });

  test("disconnect-sockets with close takes the clients whole", async (world) => {
    const { watcher, client, chat, main, side } = await pair(world);
    await watcher.ask("disconnect-sockets", main.room, true);
    assert.equal(await client.disconnected(), "io server disconnect");
    assert.equal(await chat.disconnected(), "io server disconnect");
    for (const { end } of [main, side]) {
      assert.equal((await end()).reason, "server namespace disconnect");
    }
    assert.equal(await watcher.ask("echo", "alive"), "alive");
  });

  test("what was emitted before a disconnect arrives, nothing after it", async (world) => {
    const { watcher, client, chat, main } = await pair(world);
    watcher.emit("emit", { to: [main.room] }, "news", ["before"]);
    watcher.emit("disconnect-sockets", main.room, false, () => {});
    watcher.emit("emit", { to: [main.room] }, "news", ["after"]);
    await client.disconnected();
    await watcher.settle();
    await chat.settle();
    assert.deepEqual(client.got("news"), [["before"]]);
  });

  test("a client that was disconnected can come back, as somebody new", async (world) => {
    const { watcher, client, main } = await pair(world);
    const old = client.id;
    client.emit("disconnect-me", false);
    await client.disconnected();
    client.socket.connect();
    await client.open();
    assert.notEqual(client.id, old);
    assert.deepEqual(await client.ask("rooms"), [client.id]);
    assert.equal(await watcher.ask("room-size", main.room), 0);
  });
});

// By hand, since no official client misbehaves: polling is plain HTTP.
suite("interop", (test) => {
  const setup = { version: "4.8", transport: "websocket" };

  /** A polling session in `/` whose end is watched; `post` sends a raw payload. */
  async function raw(world) {
    const url = world.server.url("/socket.io/");
    url.search = "EIO=4&transport=polling";
    const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
    url.searchParams.set("sid", sid);
    const post = (body) => fetch(url, { method: "POST", body });
    /** Posts while a poll is open, since a server may wait for one to close by. */
    const breakWith = async (body) => {
      const poll = fetch(url).catch(() => {});
      await post(body);
      await poll;
    };
    const hear = async (part) => {
      for (let heard = ""; !heard.includes(part); ) {
        const answer = await fetch(url);
        assert.equal(answer.status, 200);
        heard += await answer.text();
      }
    };
    const token = world.room("token");
    await post("40");
    await hear("40{");
    await post(`420["watch","${token}"]`);
    await hear("430[]");

    const watcher = await world.client("/", {}, setup);
    const end = async () => {
      const ask = () => watcher.ask("reason-of", token);
      return (await eventually("the end", ask, (stored) => stored !== null)).reason;
    };
    return { breakWith, end };
  }

  test("a client that falls silent is given up", async (world) => {
    const { end } = await raw(world);
    assert.equal(await end(), "ping timeout");
  });

  const short = '451-["one attachment less"]\x1e42["x"]';
  for (const packet of ["4x", '42["cut', "42{}", '42["connect"]', short]) {
    test(`a malformed Socket.IO packet ends the connection: ${packet}`, async (world) => {
      const { breakWith, end } = await raw(world);
      await breakWith(packet);
      assert.equal(await end(), "forced close");
    });
  }

  for (const packet of ["abc", "9", ""]) {
    test(`a malformed Engine.IO packet ends the connection: "${packet}"`, async (world) => {
      const { breakWith, end } = await raw(world);
      await breakWith(packet);
      assert.equal(await end(), "parse error");
    });
  }
});
