// Who is in which room, and whom an emit reaches, of the `interop` app.

import assert from "node:assert/strict";
import { bytes } from "../support/plain.mjs";
import { matrix } from "../support/suite.mjs";
import { eventually } from "../support/wait.mjs";

const MEMBERS = {
  // Who joins which rooms; `sender` emits, and is in `a`.
  sender: ["a"],
  a: ["a"],
  b: ["b"],
  both: ["a", "b"],
  all: ["a", "b", "c"],
  none: [],
};

/** A spec by the short names of rooms and members, and who must get the event, once each. */
const CASES = [
  ["to one room, the sender left out", { to: ["a"] }, ["a", "both", "all"]],
  ["in is another word for to", { in: ["a"] }, ["a", "both", "all"]],
  ["to the union of rooms, each socket once", { to: ["a", "b"] }, ["a", "b", "both", "all"]],
  ["to and in together are a union", { to: ["a"], in: ["b"] }, ["a", "b", "both", "all"]],
  ["a room named twice counts once", { to: ["b", "b"] }, ["b", "both", "all"]],
  ["except one room", { to: ["a"], except: ["b"] }, ["a"]],
  ["except several rooms", { to: ["a", "b"], except: ["c", "b"] }, ["a"]],
  ["except the room that is addressed", { to: ["a"], except: ["a"] }, []],
  ["except a room that nobody is in", { to: ["b"], except: ["nobody"] }, ["b", "both", "all"]],
  ["to a room that nobody is in", { to: ["nobody"] }, []],
  ["to nobody's room and another", { to: ["nobody", "c"] }, ["all"]],
  ["except, without a room, is everybody else in the namespace", { except: ["a"] }, ["b", "none"]],
  ["broadcast is everybody else", { flags: ["broadcast"] }, ["a", "b", "both", "all", "none"]],
  ["broadcast, except", { flags: ["broadcast"], except: ["c"] }, ["a", "b", "both", "none"]],
  ["flags change nobody", { flags: ["local", "nocompress"], to: ["c"] }, ["all"]],
  ["no operator is the socket itself", {}, ["sender"]],
  ["io to a room includes the sender", { from: "io", to: ["a"] }, ["sender", "a", "both", "all"]],
  [
    "io to rooms, each socket once",
    { from: "io", to: ["a", "b", "c"] },
    ["sender", "a", "b", "both", "all"],
  ],
  ["io except", { from: "io", to: ["a"], except: ["b"] }, ["sender", "a"]],
  ["io except without a room", { from: "io", except: ["b"] }, ["sender", "a", "none"]],
  ["io is the whole namespace", { from: "io" }, ["sender", "a", "b", "both", "all", "none"]],
  ["a private message by id", { to: ["@b"] }, ["b"]],
  ["ids and a room that match twice", { to: ["@b", "c", "@all"] }, ["b", "all"]],
  ["except an id", { to: ["a"], except: ["@both"] }, ["a", "all"]],
  ["a socket's own id from the socket", { to: ["@sender"] }, []],
  ["a socket's own id from io", { from: "io", to: ["@sender"] }, ["sender"]],
  [
    "io except the sender's id",
    { from: "io", except: ["@sender"] },
    ["a", "b", "both", "all", "none"],
  ],
];

/** The members, connected, in rooms that are this test's own; `spec` translates short names. */
async function gather(world) {
  const rooms = new Map();
  const room = (name) => {
    if (!rooms.has(name)) rooms.set(name, world.room(name));
    return rooms.get(name);
  };
  const members = Object.fromEntries(
    await Promise.all(
      Object.entries(MEMBERS).map(async ([name, joins]) => {
        const client = await world.client("/");
        await client.ask("join", joins.map(room));
        return [name, client];
      }),
    ),
  );
  const named = (name) => (name.startsWith("@") ? members[name.slice(1)].id : room(name));
  const spec = (short) => {
    const full = { ...short };
    for (const key of ["to", "in", "except"]) if (short[key]) full[key] = short[key].map(named);
    return full;
  };
  return { members, room, spec };
}

matrix("interop", (test, { transport }) => {
  test("whom each kind of emit reaches", async (world) => {
    const { members, spec } = await gather(world);
    for (const [index, [, short]] of CASES.entries()) {
      await members.sender.ask("emit", spec(short), "news", [index, Buffer.from([index])]);
    }
    for (const [name, client] of Object.entries(members)) {
      await client.settle();
      const reached = CASES.map(([what, , to], index) => [what, index, to])
        .filter(([, , to]) => to.includes(name))
        .map(([what, index]) => [what, index, bytes(index)]);
      const got = client.got("news").map(([index, blob]) => [CASES[index][0], index, blob]);
      assert.deepEqual(got, reached, `what ${name} got`);
    }
  });

  test("joining, leaving and asking", async (world) => {
    const client = await world.client("/");
    const [one, two, three] = ["one", "two", "three"].map((name) => world.room(name));
    const sorted = (...rooms) => [client.id, ...rooms].sort();

    assert.deepEqual(await client.ask("rooms"), [client.id]);
    assert.deepEqual(await client.ask("join", one), sorted(one));
    assert.deepEqual(await client.ask("join", [two, three]), sorted(one, two, three));
    assert.deepEqual(await client.ask("join", two), sorted(one, two, three), "joined twice");
    assert.equal(await client.ask("room-size", two), 1);
    assert.deepEqual(await client.ask("leave", two), sorted(one, three), "left once");
    assert.deepEqual(await client.ask("leave", "never joined"), sorted(one, three));
    assert.equal(await client.ask("room-size", two), 0);
    assert.equal(await client.ask("room-size", client.id), 1);
    assert.deepEqual(await client.ask("rooms"), sorted(one, three));
  });

  test("nothing arrives after leave", async (world) => {
    const [sender, member] = await world.clients(2);
    const room = world.room();
    await member.ask("join", room);
    await sender.ask("emit", { to: [room] }, "news", ["in"]);
    await member.ask("leave", room);
    await sender.ask("emit", { to: [room] }, "news", ["out"]);
    await member.settle();
    assert.deepEqual(member.got("news"), [["in"]]);
  });

  test("a socket that left its own room is still itself", async (world) => {
    const [sender, member] = await world.clients(2);
    assert.deepEqual(await member.ask("leave", member.id), []);
    await sender.ask("emit", { to: [member.id] }, "news", ["private"]);
    await sender.ask("emit", { flags: ["broadcast"] }, "news", ["to all"]);
    await member.settle();
    assert.deepEqual(member.got("news").filter(([text]) => text === "private"), []);
    assert.equal(member.got("news").filter(([text]) => text === "to all").length, 1);
  });

  test("a room empties as its members go", async (world) => {
    const [watcher, one, two] = await world.clients(3);
    const room = world.room();
    await Promise.all([one.ask("join", room), two.ask("join", room)]);
    assert.equal(await watcher.ask("room-size", room), 2);
    one.socket.disconnect();
    two.engine.close();
    const size = () => watcher.ask("room-size", room);
    await eventually("the room to be empty", size, (size) => size === 0);
  });

  test("the same room name in two namespaces is two rooms", async (world) => {
    const sender = await world.client("/");
    const chatSender = await sender.side("/chat").open();
    const main = await world.client("/");
    const chat = await main.side("/chat").open();
    const room = world.room();
    for (const member of [sender, chatSender, main, chat]) await member.ask("join", room);

    await sender.ask("emit", { to: [room] }, "news", ["main"]);
    await chatSender.ask("emit", { to: [room] }, "news", ["chat"]);
    await sender.ask("emit", { from: "io", to: [room] }, "news", ["io main"]);
    await chatSender.ask("emit", { from: "io", to: [room] }, "news", ["io chat"]);
    await sender.ask("emit", { to: [chat.id] }, "news", ["to an id of another namespace"]);
    await chatSender.ask("emit", { to: [main.id] }, "news", ["to an id of another namespace"]);

    await Promise.all([sender, chatSender, main, chat].map((member) => member.settle()));
    assert.deepEqual(main.got("news"), [["main"], ["io main"]]);
    assert.deepEqual(chat.got("news"), [["chat"], ["io chat"]]);
    assert.deepEqual(sender.got("news"), [["io main"]]);
    assert.deepEqual(chatSender.got("news"), [["io chat"]]);

    assert.equal(await sender.ask("room-size", room), 2);
    await main.ask("leave", room);
    assert.equal(await chatSender.ask("room-size", room), 2, "the other room lost nobody");
  });

  test("a broadcast stays in its namespace", async (world) => {
    const [sender, main] = await world.clients(2);
    const chat = await main.side("/chat").open();
    const tag = world.room();
    await sender.ask("emit", { flags: ["broadcast"] }, tag, [1]);
    await sender.ask("emit", { from: "io" }, tag, [2]);
    await Promise.all([main.settle(), chat.settle()]);
    assert.deepEqual(main.got(tag), [[1], [2]]);
    assert.deepEqual(chat.got(tag), []);
  });

  test("a volatile packet may be missing, but is never late or doubled", async (world) => {
    const [sender, member] = await world.clients(2);
    if (transport === "upgrade") await member.upgraded();
    const count = 100;
    for (let i = 0; i < count; i++) {
      const flags = i % 2 ? ["volatile"] : [];
      sender.emit("emit", { to: [member.id], flags }, "news", [i]);
    }
    await sender.settle();
    await member.settle();
    const got = member.got("news").map(([i]) => i);
    const sent = Array.from({ length: count }, (_, i) => i);
    assert.deepEqual(got.filter((i) => i % 2 === 0), sent.filter((i) => i % 2 === 0));
    assert.deepEqual(got, sent.filter((i) => got.includes(i)), "in order, each once");
  });

  test("a volatile packet reaches a client that is ready for it", async (world) => {
    const [sender, member] = await world.clients(2);
    for (let i = 0; i < 200 && member.got("news").length === 0; i++) {
      await member.settle();
      await sender.ask("emit", { to: [member.id], flags: ["volatile"] }, "news", [i]);
      await member.settle();
    }
    assert.notEqual(member.got("news").length, 0);
  });
});
