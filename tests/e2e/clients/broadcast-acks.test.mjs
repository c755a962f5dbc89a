// Acknowledgements that many sockets give to one emit, of the `interop` app.

import assert from "node:assert/strict";
import { bytes } from "../support/plain.mjs";
import { matrix } from "../support/suite.mjs";

/** Long enough for a loaded machine; it is waited out only where somebody stays silent. */
const TIMEOUT = 4_000;
const SHORT = 500;

async function room(world, count) {
  const name = world.room();
  const members = await world.clients(count);
  await Promise.all(members.map((member) => member.ask("join", name)));
  members.forEach((member, index) => (member.answers.question = () => [index, "more"]));
  return { name, members };
}

matrix("interop", (test) => {
  const sorted = ({ ok, responses }) => ({ ok, responses: [...responses].sort() });

  test("every member answers, the sender is not asked", async (world) => {
    const { name, members } = await room(world, 4);
    const spec = { to: [name], timeout: TIMEOUT };
    const answer = await members[0].ask("broadcast-ack", spec, "question", ["well?"]);
    assert.deepEqual(sorted(answer), { ok: true, responses: [1, 2, 3] });
    assert.deepEqual(members[0].got("question"), []);
    for (const member of members.slice(1)) {
      assert.deepEqual(member.got("question"), [["well?"]]);
    }
  });

  test("io asks the sender too, and each once however many rooms match", async (world) => {
    const { name, members } = await room(world, 3);
    const second = world.room();
    await members[1].ask("join", second);
    const spec = { from: "io", to: [name, second, members[1].id], timeout: TIMEOUT };
    const answer = await members[0].ask("broadcast-ack", spec, "question", []);
    assert.deepEqual(sorted(answer), { ok: true, responses: [0, 1, 2] });
    for (const member of members) assert.equal(member.got("question").length, 1);
  });

  test("except is not asked", async (world) => {
    const { name, members } = await room(world, 3);
    const spec = { from: "io", to: [name], except: [members[2].id], timeout: TIMEOUT };
    const answer = await members[0].ask("broadcast-ack", spec, "question", []);
    assert.deepEqual(sorted(answer), { ok: true, responses: [0, 1] });
  });

  test("answers with bytes", async (world) => {
    const { name, members } = await room(world, 2);
    members[1].answers.question = (blob) => ({ back: blob });
    const spec = { to: [name], timeout: TIMEOUT };
    const answer = await members[0].ask("broadcast-ack", spec, "question", [Buffer.from([1, 2])]);
    assert.deepEqual(answer, { ok: true, responses: [{ back: bytes(1, 2) }] });
  });

  test("who stays silent makes it partial when the time is up", async (world) => {
    const { name, members } = await room(world, 4);
    delete members[2].answers.question;
    const spec = { to: [name], timeout: SHORT };
    const answer = await members[0].ask("broadcast-ack", spec, "question", []);
    assert.deepEqual(sorted(answer), { ok: false, responses: [1, 3] });
  });

  test("all silent: not ok, no responses", async (world) => {
    const { name, members } = await room(world, 2);
    delete members[1].answers.question;
    const spec = { to: [name], timeout: 50 };
    const answer = await members[0].ask("broadcast-ack", spec, "question", []);
    assert.deepEqual(answer, { ok: false, responses: [] });
  });

  test("nobody is addressed: ok at once", async (world) => {
    const client = await world.client("/");
    const spec = { to: [world.room("empty")], timeout: 600_000 };
    const answer = await client.ask("broadcast-ack", spec, "question", []);
    assert.deepEqual(answer, { ok: true, responses: [] });
  });

  test("a socket asks itself, and nobody else", async (world) => {
    const { members } = await room(world, 2);
    const answer = await members[1].ask("broadcast-ack", { timeout: TIMEOUT }, "question", []);
    assert.deepEqual(answer, { ok: true, responses: [1] });
    assert.deepEqual(members[0].got("question"), []);
  });

  test("two at once do not take each other's answers", async (world) => {
    const { name, members } = await room(world, 3);
    for (const member of members) member.answers.question = (text) => `${text} from ${member.id}`;
    const [first, second] = await Promise.all(
      ["one", "two"].map((text, index) =>
        members[index].ask(
          "broadcast-ack",
          { from: "io", to: [name], timeout: TIMEOUT },
          "question",
          [text],
        ),
      ),
    );
    const expected = (text) => ({
      ok: true,
      responses: members.map(({ id }) => `${text} from ${id}`).sort(),
    });
    assert.deepEqual(sorted(first), expected("one"));
    assert.deepEqual(sorted(second), expected("two"));
  });
});
