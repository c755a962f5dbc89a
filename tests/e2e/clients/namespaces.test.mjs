// Who is let into which namespace, of the `interop` app.

import assert from "node:assert/strict";
import { matrix } from "../support/suite.mjs";

matrix("interop", (test) => {
  test("an unknown namespace is refused", async (world) => {
    for (const name of ["/nowhere", "/chat/", "/tenant-", "/tenant-x", "/a/tenant-1"]) {
      const client = world.dial(name);
      assert.equal((await client.refused()).message, "Invalid namespace", name);
    }
  });

  test("a middleware counts, and refuses with a message and data", async (world) => {
    const client = await world.client("/");
    assert.deepEqual((await client.ask("whoami")).data, { runs: 1 });

    const error = await world.dial("/", { query: { reject: "1" } }).refused();
    assert.equal(error.message, "rejected");
    assert.deepEqual(error.data, { by: "query" });
    await world.client("/", { query: { reject: "0" } });
  });

  test("a refusal leaves the connection to the other namespaces", async (world) => {
    const client = await world.client("/chat", { query: { reject: "1" } });
    assert.equal((await client.side("/").refused()).message, "rejected");
    assert.equal(await client.ask("echo", "alive"), "alive");
  });

  test("who does not present the token is told what is missing", async (world) => {
    for (const auth of [undefined, {}, { token: "sesame" }, { token: 1, user: "ada" }]) {
      const error = await world.dial("/auth", { auth }).refused();
      assert.equal(error.message, "unauthorized");
      assert.deepEqual(error.data, { code: 401, hint: ["token"] });
    }
  });

  test("who presents the token is welcome, as who it is", async (world) => {
    const client = await world.client("/auth", { auth: { token: "letmein", user: "ada" } });
    assert.deepEqual(await client.take("welcome"), [[{ user: "ada" }]]);
    assert.deepEqual((await client.ask("whoami")).data, { user: "ada" });
    assert.equal(await client.ask("echo", "alive"), "alive");
  });

  test("each namespace of a connection has an auth of its own", async (world) => {
    const client = await world.client("/", { auth: { token: "main" } });
    // A namespace shares its manager's options, but not its auth.
    const auth = { token: "letmein", user: { name: "bob" } };
    const side = await client.side("/auth", { auth }).open();
    assert.deepEqual(await side.take("welcome"), [[auth]].map(([{ user }]) => [{ user }]));
    assert.deepEqual((await client.ask("handshake")).auth, { token: "main" });
    assert.deepEqual((await side.ask("handshake")).auth, auth);
  });

  test("a tenant's namespace is made when it is asked for", async (world) => {
    const [one, two] = [world.room("/tenant"), world.room("/tenant")];
    const client = await world.client(one);
    const other = await client.side(two).open();
    const neighbour = await world.client(one);
    assert.deepEqual(await client.take("tenant"), [[one]]);
    assert.deepEqual(await other.take("tenant"), [[two]]);
    const { nsp, data } = await client.ask("whoami");
    assert.deepEqual({ nsp, data }, { nsp: one, data: {} });

    const room = world.room();
    for (const member of [client, other, neighbour]) await member.ask("join", room);
    assert.equal(await client.ask("room-size", room), 2);
    await client.ask("emit", { from: "io", to: [room] }, "news", [1]);
    for (const member of [client, other, neighbour]) await member.settle();
    assert.deepEqual(neighbour.got("news"), [[1]]);
    assert.deepEqual(other.got("news"), []);
  });

  test("middlewares take their time, in order", async (world) => {
    const client = await world.client("/");
    const slow = client.side("/slow");
    assert.equal(await client.ask("echo", "meanwhile"), "meanwhile");
    await slow.open();
    assert.deepEqual(await slow.take("order"), [[["a", "b"]]]);
  });

  test("a tenant that everybody has left is there again for whoever comes", async (world) => {
    const name = world.room("/tenant");
    const client = await world.client("/");
    const side = client.side(name);
    for (let round = 1; round <= 3; round += 1) {
      await side.open();
      assert.equal((await side.take("tenant", round)).length, round);
      assert.equal(await side.ask("room-size", side.id), 1);
      side.socket.disconnect();
      side.socket.connect();
    }
    await side.open();
    assert.equal(await client.ask("echo", "alive"), "alive");
  });
});
