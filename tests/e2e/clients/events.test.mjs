// Events and acknowledgements of one socket, of the `interop` app.

import assert from "node:assert/strict";
import { bytes, plain } from "../support/plain.mjs";
import { matrix } from "../support/suite.mjs";

const VALUES = {
  nothing: [],
  text: ["text"],
  "unicode text": ["é€😀 \u2028 \0 \\ \" /"],
  "numbers at the edge": [0, -1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER],
  "null, booleans and empties": [null, true, false, "", [], {}],
  "what looks like a placeholder's neighbour": [{ _placeholder: false, num: 0 }],
  "nested values": [{ a: [1, [2, [3, { b: { c: null } }]]] }, "last"],
  bytes: [Buffer.from([0, 255])],
  "no bytes": [Buffer.alloc(0)],
  "bytes at any depth": [
    { list: [Buffer.from("a"), { deep: [Buffer.from("b")] }] },
    Buffer.from("c"),
    "text between",
    Buffer.from("d"),
  ],
};

matrix("interop", (test, { parser }) => {
  for (const [what, values] of Object.entries(VALUES)) {
    // notepack.io cuts integers off at 64 bits.
    const args = parser ? values.filter((value) => !(value >= 2 ** 64)) : values;

    test(`echo of ${what}`, async (world) => {
      const client = await world.client("/");
      client.emit("echo", ...args);
      assert.deepEqual(await client.take("echo"), [plain(args)]);
    });

    test(`ack with ${what}`, async (world) => {
      const client = await world.client("/chat");
      assert.deepEqual(await client.asks("echo", ...args), plain(args));
    });

    test(`message of ${what}`, async (world) => {
      const client = await world.client("/chat");
      client.socket.send(...args);
      assert.deepEqual(await client.take("message"), [plain(args)]);
    });

    test(`a question about ${what}, and the same as the answer`, async (world) => {
      const client = await world.client("/");
      client.answers.question = () => args;
      const answer = await client.ask("ask-me", args, 0);
      assert.deepEqual(answer, { ok: true, answers: plain(args) });
      assert.deepEqual(client.got("question"), [[plain(args)]]);
    });
  }

  test("each kind of JSON value reaches the client unchanged", async (world) => {
    const client = await world.client("/");
    const expected = [null, true, false, 0, -1.5, 1e21, "", "é€😀\0", [], {}, [1, [2, [3]]]];
    assert.deepEqual(await client.asks("types"), expected);
  });

  test("bytes in an acknowledgement", async (world) => {
    const client = await world.client("/");
    const answer = await client.ask("ack-binary", Buffer.from([1, 2, 3]));
    assert.deepEqual(answer, { len: 3, nested: { list: [bytes(3, 2, 1)] } });
    assert.deepEqual(Object.keys(answer), ["len", "nested"]);
  });

  test("a second acknowledgement does not go out", async (world) => {
    const client = await world.client("/");
    const answers = [];
    client.emit("ack-twice", (answer) => answers.push(answer));
    await client.settle();
    assert.deepEqual(answers, ["first"]);
  });

  test("an event without an answer, and one without a handler, disturb nothing", async (world) => {
    const client = await world.client("/");
    let answered = false;
    client.emit("noack", 1, { two: Buffer.from([2]) });
    client.emit("nobody listens to this", 1, () => (answered = true));
    await client.settle();
    assert.equal(answered, false);
    assert.deepEqual(client.received, []);
  });

  test("large text and large binary, both ways", async (world) => {
    const client = await world.client("/");
    // Whole packets are base64 over polling, a third more, with the msgpack parser.
    const size = parser ? 60_000 : 90_000;
    assert.equal(await client.ask("big", 300_000), "a".repeat(300_000));
    assert.deepEqual(await client.ask("big-binary", 300_000), plain(Buffer.alloc(300_000, 7)));
    assert.equal(await client.ask("echo", "é".repeat(size / 2)), "é".repeat(size / 2));
    const blob = Buffer.alloc(size / 2, "klatch");
    assert.deepEqual(await client.ask("echo", blob), plain(blob));
  });

  test("acknowledgements of many questions at once find their question", async (world) => {
    const client = await world.client("/");
    const asked = Array.from({ length: 60 }, (_, i) => i);
    assert.deepEqual(await Promise.all(asked.map((i) => client.ask("echo", i))), asked);
  });

  test("the server's question times out, and a late answer is ignored", async (world) => {
    const client = await world.client("/");
    let answer;
    client.socket.on("question", (_, ack) => (answer = ack));
    assert.deepEqual(await client.ask("ask-me", "well?", 50), { ok: false, answers: [] });
    answer("too late");
    assert.equal(await client.ask("echo", "alive"), "alive");
  });

  test("the server's question within its time is answered", async (world) => {
    const client = await world.client("/chat");
    client.answers.question = (question) => [`${question}!`, 2];
    const answer = await client.ask("ask-me", "well?", 4_000);
    assert.deepEqual(answer, { ok: true, answers: ["well?!", 2] });
  });
});
