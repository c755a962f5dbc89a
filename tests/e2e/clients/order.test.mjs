// Packets arrive in the order they were emitted, each once, whatever the transport does meanwhile.

import assert from "node:assert/strict";
import { Gate } from "../support/gate.mjs";
import { bytes } from "../support/plain.mjs";
import { matrix } from "../support/suite.mjs";
import { turn, within } from "../support/wait.mjs";

const COUNT = 300;
const numbers = (count) => Array.from({ length: count }, (_, i) => [i]);

matrix("interop", (test, { transport }) => {
  test("a sequence with attachments interleaved", async (world) => {
    const client = await world.client("/");
    client.emit("sequence", COUNT);
    const expected = numbers(COUNT).map(([i]) => [i, i % 3 ? null : bytes(i & 255)]);
    assert.deepEqual(await client.take("seq", COUNT), expected);
    await client.settle();
    assert.equal(client.got("seq").length, COUNT);
  });

  test("events of one client are handled as they came", async (world) => {
    const client = await world.client("/");
    const sent = numbers(COUNT).map(([i]) => (i % 3 ? [i] : [i, Buffer.from([i & 255])]));
    for (const args of sent) client.emit("echo", ...args);
    const expected = sent.map(([i]) => (i % 3 ? [i] : [i, bytes(i & 255)]));
    assert.deepEqual(await client.take("echo", COUNT), expected);
  });

  test("emits, echoes and acknowledgements share one order", async (world) => {
    const client = await world.client("/");
    const seen = [];
    client.socket.on("echo", (i) => seen.push(i));
    for (let i = 0; i < 100; i++) {
      if (i % 2) client.emit("echo", i);
      else client.emit("echo", i, (answer) => seen.push(answer));
    }
    await client.settle();
    assert.deepEqual(seen, Array.from({ length: 100 }, (_, i) => i));
  });

  test("all members of a room see one order of several senders", async (world) => {
    const members = await world.clients(4);
    const room = world.room();
    await Promise.all(members.map((member) => member.ask("join", room)));
    for (let i = 0; i < 50; i++) {
      for (const [sender, member] of members.entries()) {
        member.emit("emit", { from: "io", to: [room] }, "news", [sender, i]);
      }
      await turn();
    }
    const seen = await Promise.all(members.map((member) => member.take("news", 200)));
    for (const other of seen.slice(1)) assert.deepEqual(other, seen[0]);
    for (const sender of members.keys()) {
      const own = seen[0].filter(([who]) => who === sender).map(([, i]) => [i]);
      assert.deepEqual(own, numbers(50));
    }
  });

  if (transport !== "upgrade") return;

  test("a flood both ways while the connection upgrades", async (world) => {
    const sender = await world.client("/", {}, { version: "4.8", transport: "websocket" });
    const gate = world.later(await Gate.before(world.url));
    const client = await world.dial("/", {}, undefined, gate.url).open();

    let rounds = 0;
    const round = async () => {
      client.emit("echo", rounds);
      client.emit("echo", rounds, Buffer.from([rounds & 255]));
      sender.emit("emit", { to: [client.id] }, "news", [rounds]);
      rounds += 1;
      if (rounds % 10 === 0) await sender.settle();
      // A client of 4.0 sends all it has in one payload, however long: this keeps it short.
      while (2 * rounds - client.got("echo").length > 200) await turn();
    };
    const flood = async () => {
      while (rounds < 50) await round();
      assert.equal(client.engine.transport.name, "polling");
      gate.release();
      while (client.engine.transport.name === "polling") await round();
      for (const end = rounds + 100; rounds < end; ) await round();
    };
    await within(10_000, "the upgrade, under a flood", flood());

    const echoes = await client.take("echo", 2 * rounds);
    assert.deepEqual(await client.take("news", rounds), numbers(rounds));
    assert.deepEqual(
      echoes,
      numbers(rounds).flatMap(([i]) => [[i], [i, bytes(i & 255)]]),
    );
    await sender.settle();
    await client.settle();
    assert.equal(client.got("echo").length, 2 * rounds, "each once");
    assert.equal(client.got("news").length, rounds, "each once");
  });
});
