// The chat that every host example serves, with the official client: `examples/mini-chat` says
// what it is. That something did not come is seen when something later has come: `settle()`.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { bytes, plain } from "../support/plain.mjs";
import { startHost, transports } from "../support/host.mjs";
import { suite } from "../support/suite.mjs";

suite("host", declare, startHost);

function declare(test) {
  for (const transport of transports) {
    describe(transport, () => {
      chat((name, body) => {
        test(name, (world) => body(world.with({ version: "4.8", transport })));
      }, transport);
    });
  }
}

function chat(test, transport) {
  test("a client connects by the transport it chose", async (world) => {
    const client = world.dial("/");
    const first = client.engine.transport.name;
    assert.equal(first, transport === "websocket" ? "websocket" : "polling");
    await client.open();
    if (transport === "upgrade") await client.upgraded();
    await client.settle();
    assert.equal(client.engine.transport.name, transport === "upgrade" ? "websocket" : first);
  });

  test("who comes and goes is printed", async (world) => {
    const client = await world.client("/");
    const { id } = client;
    if (!world.server.printed) return;
    await world.server.printed(new RegExp(`^a user connected: ${id}$`, "m"));
    client.close();
    const reason = "(client namespace disconnect|transport close)";
    await world.server.printed(new RegExp(`^a user disconnected: ${id} \\(${reason}\\)$`, "m"));
  });

  test("a message reaches everybody else, once, and not its sender", async (world) => {
    const text = world.room("hello, é€😀");
    const [sender, ...others] = await world.clients(3);
    assert.deepEqual(await sender.asks("chat message", text), []);
    for (const client of [sender, ...others]) await client.settle();
    for (const client of others) assert.deepEqual(heard(client, "chat message", text), [[text]]);
    assert.deepEqual(heard(sender, "chat message", text), []);
  });

  test("messages of one sender arrive in order, also while the transport changes", async (world) => {
    const [sender, member] = await world.clients(2);
    const texts = Array.from({ length: 200 }, () => world.room("text"));
    for (const text of texts.slice(0, 100)) sender.emit("chat message", text);
    if (transport === "upgrade") await Promise.all([sender.upgraded(), member.upgraded()]);
    for (const text of texts.slice(100)) sender.emit("chat message", text);
    await sender.settle();
    await member.settle();
    const got = member.got("chat message").map(([text]) => text);
    assert.deepEqual(got.filter((text) => texts.includes(text)), texts);
  });

  test("a room is for those who joined it, until they leave", async (world) => {
    const room = world.room();
    const [sender, member, leaver, stranger] = await world.clients(4);
    for (const client of [sender, member, leaver]) {
      assert.deepEqual(await client.asks("join", room), []);
    }
    assert.deepEqual(await sender.asks("room message", room, "all"), []);
    assert.deepEqual(await leaver.asks("leave", room), []);
    await sender.asks("room message", room, "fewer");
    for (const client of [sender, member, leaver, stranger]) await client.settle();
    assert.deepEqual(member.got("room message"), [["all"], ["fewer"]]);
    assert.deepEqual(leaver.got("room message"), [["all"]], "nothing after its leave was acked");
    assert.deepEqual(stranger.got("room message"), []);
    assert.deepEqual(sender.got("room message"), []);
  });

  test("namespaces never hear of each other, on one connection or two", async (world) => {
    const room = world.room();
    const text = world.room("secret");
    const sender = await world.client("/acme");
    const tenant = await world.client("/acme");
    const other = await world.client("/");
    const beside = world.later(await sender.side("/").open());
    for (const client of [sender, tenant, other, beside]) await client.ask("join", room);
    await sender.ask("chat message", text);
    await sender.ask("room message", room, text);
    for (const client of [sender, tenant, other, beside]) await client.settle();
    assert.deepEqual(tenant.received.filter(([, said]) => said === text), [
      ["chat message", text],
      ["room message", text],
    ]);
    for (const client of [sender, other, beside]) {
      assert.deepEqual(client.received.filter(([, said]) => said === text), []);
    }
    assert.notEqual(sender.id, beside.id);
  });

  test("an ack is what the server returns", async (world) => {
    const client = await world.client("/");
    assert.deepEqual(await client.asks("ask", 41), [42]);
    const asked = Array.from({ length: 50 }, (_, n) => n);
    const answers = await Promise.all(asked.map((n) => client.ask("ask", n)));
    assert.deepEqual(answers, asked.map((n) => n + 1));
  });

  test("bytes go both ways", async (world) => {
    const client = await world.client("/acme");
    const answer = await client.asks("echo", { file: Buffer.from([0, 1, 255]) }, Buffer.alloc(0));
    assert.deepEqual(answer, [{ file: bytes(0, 1, 255) }, bytes()]);
    const large = Buffer.alloc(200_000, "klatch");
    assert.deepEqual(await client.ask("echo", large), plain(large));
  });

  test("a namespace that does not exist is refused, and the others live on", async (world) => {
    const client = await world.client("/");
    const refused = world.later(client.side("/nowhere"));
    assert.equal((await refused.refused()).message, "Invalid namespace");
    assert.equal(await client.ask("ask", 1), 2);
  });
}

/** What a client heard under `event` that says `text`: the clients of other tests talk as well. */
function heard(client, event, text) {
  return client.got(event).filter(([said]) => said === text);
}
