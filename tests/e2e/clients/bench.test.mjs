// The `bench` app does what its load generators count on.

import assert from "node:assert/strict";
import { matrix } from "../support/suite.mjs";

matrix("bench", (test) => {
  test("msg reaches the room but its sender, echo the sender, ack acknowledges", async (world) => {
    const [sender, near, far] = await world.clients(3);
    const [room, other] = [world.room(), world.room()];
    assert.deepEqual(await sender.asks("join", room), []);
    assert.deepEqual(await near.asks("join", room), []);
    assert.deepEqual(await far.asks("join", other), []);

    const payload = { text: "hello", n: [1, 2.5] };
    sender.emit("msg", payload);
    sender.emit("echo", payload);
    assert.deepEqual(await sender.take("echo"), [[payload]]);
    assert.deepEqual(await near.take("msg"), [[payload]]);
    assert.deepEqual(await sender.asks("ack", payload), [payload]);

    await far.ask("ack", 0);
    assert.deepEqual(far.received, []);
    assert.deepEqual(sender.got("msg"), []);
  });

  test("msg goes to the room that was joined last", async (world) => {
    const [sender, first, last] = await world.clients(3);
    const [old, fresh] = [world.room("old"), world.room("new")];
    await first.ask("join", old);
    await last.ask("join", fresh);
    await sender.ask("join", old);
    await sender.ask("join", fresh);
    sender.emit("msg", 1);
    assert.deepEqual(await last.take("msg"), [[1]]);
    await first.ask("ack", 0);
    assert.deepEqual(first.received, []);
  });
});
