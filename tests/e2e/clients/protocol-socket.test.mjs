// socket.io-client against the Socket.IO half of the `protocol` app: namespaces, auth, messages.

import assert from "node:assert/strict";
import { bytes } from "../support/plain.mjs";
import { matrix } from "../support/suite.mjs";

const ARGUMENTS = {
  "no arguments": [[], []],
  text: [["hello"], ["hello"]],
  unicode: [["é€😀 \u2028 \0 \\ \""], ["é€😀 \u2028 \0 \\ \""]],
  "several arguments": [
    [1, "2", [3, { four: null }], false],
    [1, "2", [3, { four: null }], false],
  ],
  "nested binary": [
    [Buffer.from([1, 2]), { list: [Buffer.from([3]), { deep: Buffer.from([]) }] }],
    [bytes(1, 2), { list: [bytes(3), { deep: bytes() }] }],
  ],
};

matrix("protocol", (test) => {
  for (const nsp of ["/", "/custom"]) {
    test(`${nsp} is told the client's auth`, async (world) => {
      const auth = { token: "123", nested: { list: [1, null] } };
      const client = await world.client(nsp, { auth });
      assert.deepEqual(await client.take("auth"), [[auth]]);
    });

    test(`${nsp} without auth is told an empty object`, async (world) => {
      const client = await world.client(nsp);
      assert.deepEqual(await client.take("auth"), [[{}]]);
    });

    for (const [what, [sent, expected]] of Object.entries(ARGUMENTS)) {
      test(`${nsp} sends back ${what}`, async (world) => {
        const client = await world.client(nsp);
        client.emit("message", ...sent);
        assert.deepEqual(await client.take("message-back"), [expected]);
      });

      test(`${nsp} acknowledges ${what}`, async (world) => {
        const client = await world.client(nsp);
        assert.deepEqual(await client.asks("message-with-ack", ...sent), expected);
      });
    }
  }

  test("two namespaces share a connection and nothing else", async (world) => {
    const main = world.dial("/", { auth: { who: "main" } });
    const custom = main.side("/custom");
    await Promise.all([main.open(), custom.open()]);

    assert.deepEqual(await main.take("auth"), [[{ who: "main" }]]);
    assert.deepEqual(await custom.take("auth"), [[{}]]);
    main.emit("message", "to main");
    custom.emit("message", "to custom");
    assert.deepEqual(await main.take("message-back"), [["to main"]]);
    assert.deepEqual(await custom.take("message-back"), [["to custom"]]);
    assert.equal(main.received.length, 2, "auth and message-back");
    assert.equal(custom.received.length, 2, "auth and message-back");
  });

  test("ids differ per namespace, and from the connection's", async (world) => {
    const main = world.dial("/");
    const custom = main.side("/custom");
    await Promise.all([main.open(), custom.open()]);
    const ids = [main.id, custom.id, main.engine.id];
    assert.equal(new Set(ids).size, 3, `${ids}`);
    for (const id of ids) assert.match(id, /^[\w-]{20}$/);
  });

  test("an unknown namespace is refused, and the others go on", async (world) => {
    const main = await world.client("/");
    const unknown = main.side("/random");
    const error = await unknown.refused();
    assert.equal(error.message, "Invalid namespace");
    assert.deepEqual(await main.asks("message-with-ack", 1), [1]);
  });

  test("leaving one namespace leaves the other, and it can be joined again", async (world) => {
    const main = await world.client("/");
    const custom = await main.side("/custom").open();
    const left = custom.id;

    custom.socket.disconnect();
    assert.equal(await custom.disconnected(), "io client disconnect");
    assert.deepEqual(await main.asks("message-with-ack", "still"), ["still"]);

    custom.socket.connect();
    await custom.open();
    assert.notEqual(custom.id, left);
    assert.deepEqual(await custom.asks("message-with-ack", "again"), ["again"]);
  });

  test("a connection that left / is still a connection", async (world) => {
    const main = await world.client("/");
    const custom = await main.side("/custom").open();
    main.socket.disconnect();
    assert.deepEqual(await custom.asks("message-with-ack", "on"), ["on"]);
    main.socket.connect();
    await main.open();
    assert.deepEqual(await main.asks("message-with-ack", "back"), ["back"]);
  });

  test("an idle socket lives on its heartbeat", async (world) => {
    const client = await world.client("/");
    // The second ping comes only if the first one's pong counted.
    await client.pinged(2);
    assert.deepEqual(await client.asks("message-with-ack", "alive"), ["alive"]);
  });
});
