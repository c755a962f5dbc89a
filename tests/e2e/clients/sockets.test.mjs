// Sockets that others look at, move and send away, of the `interop` app.

import assert from "node:assert/strict";
import { matrix } from "../support/suite.mjs";

/** A room with `count` members, and a client that is not in it. */
async function crowd(world, count, nsp = "/chat") {
  const room = world.room();
  const [admin, ...members] = await Promise.all(
    Array.from({ length: count + 1 }, (_, i) => world.client(nsp, { query: { who: `${i}` } })),
  );
  await Promise.all(members.map((member) => member.ask("join", room)));
  return { admin, members, room };
}

const byId = (a, b) => (a.id < b.id ? -1 : 1);

matrix("interop", (test) => {
  test("sockets are shown with their rooms, data and query", async (world) => {
    const { admin, members, room } = await crowd(world, 3);
    await Promise.all(members.map((member, i) => member.ask("set-data", { i })));
    const extra = world.room("extra");
    await members[1].ask("join", extra);
    const expected = members.map(({ id }, i) => ({
      id,
      rooms: [id, room, ...(i === 1 ? [extra] : [])].sort(),
      data: { i },
      who: `${i + 1}`,
    }));
    const shown = ({ query: { who }, ...rest }) => ({ ...rest, who });
    const found = await admin.ask("fetch-sockets", room);
    assert.deepEqual(found.map(shown), expected.sort(byId));

    const all = (await admin.ask("fetch-sockets", null)).map(({ id }) => id);
    assert.deepEqual(all, [...all].sort());
    for (const { id } of [admin, ...members]) assert.ok(all.includes(id));
    assert.deepEqual(await admin.ask("fetch-sockets", world.room("empty")), []);
    const [itself] = await admin.ask("fetch-sockets", admin.id);
    assert.equal(itself.id, admin.id);
  });

  test("sockets of another namespace are not shown", async (world) => {
    const { members, room } = await crowd(world, 1);
    const other = await members[0].side("/").open();
    await other.ask("join", room);
    const found = await members[0].ask("fetch-sockets", room);
    assert.deepEqual(
      found.map(({ id }) => id),
      [members[0].id],
    );
  });

  test("the sockets of a room join others, and leave", async (world) => {
    const { admin, members, room } = await crowd(world, 2);
    const [one, two] = [world.room("one"), world.room("two")];
    assert.deepEqual(await admin.asks("sockets-join", room, [one, two]), []);
    for (const member of members) {
      assert.deepEqual(await member.ask("rooms"), [member.id, room, one, two].sort());
    }
    assert.deepEqual(await admin.ask("rooms"), [admin.id]);
    assert.deepEqual(await admin.asks("sockets-leave", one, [two, room]), []);
    for (const member of members) {
      assert.deepEqual(await member.ask("rooms"), [member.id, one].sort());
    }
    await admin.ask("sockets-join", members[0].id, two);
    assert.equal(await admin.ask("room-size", two), 1);
    await admin.ask("sockets-leave", two, two);
    assert.equal(await admin.ask("room-size", two), 0);
  });
});
