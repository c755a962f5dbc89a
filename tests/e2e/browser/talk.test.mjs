// People talk: rooms, private words, typing, tenants. Once for each way to connect.
//
// That something does not arrive is shown by order, not by waiting: what is sent later to the
// same window has arrived, so what was sent earlier would have been there.

import assert from "node:assert/strict";
import { chatTestForEachTransport as chatTest } from "./support/harness.mjs";

chatTest("who comes and goes is told, and how one is connected", async (chat) => {
  const { server, enter, transport } = chat;
  const ada = await enter("ada");
  const [, adaId] = await server.line(/^a user connected: (\S+) \(\/acme\)$/);
  const grace = await enter("grace");
  await ada.id("person-grace").waitFor();

  await ada.join("lobby");
  await grace.join("lobby");
  await ada.tell("hello");
  await grace.hears("hello", "ada");

  const expected = transport === "polling" ? "polling" : "websocket";
  for (const window of [ada, grace]) {
    await window.id("transport").filter({ hasText: expected }).waitFor();
  }

  await ada.close();
  const [, reason] = await server.line(new RegExp(`^a user disconnected: ${adaId} \\(/acme\\): (.+)$`));
  assert.match(reason, /^(transport close|transport error|ping timeout|client namespace disconnect)$/);
  await grace.noMember("ada");
  await grace.id("person-ada").waitFor({ state: "detached" });
});

chatTest("a message reaches the room and nobody else", async ({ enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  await ada.join("kitchen");
  await ada.join("lobby");
  await grace.join("lobby");
  await ada.member("grace");

  await ada.open("room-kitchen", "#kitchen");
  await ada.tell("for the kitchen only");
  await ada.open("room-lobby", "#lobby");
  await ada.tell("for the lobby");
  await grace.hears("for the lobby", "ada");

  assert.equal(await grace.message("for the kitchen only").count(), 0);
  assert.equal(await grace.received("for the lobby"), true);
  assert.equal(await grace.received("for the kitchen only"), false);
  assert.deepEqual(grace.complaints, []);
});

chatTest("one's own message is there once, confirmed and never echoed", async ({ enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  await ada.join("lobby");
  await grace.join("lobby");

  await ada.tell("said once");
  await grace.hears("said once", "ada");
  await grace.tell("heard");
  await ada.hears("heard", "grace");

  assert.deepEqual(await ada.texts(), ["said once", "heard"]);
  assert.deepEqual(await grace.texts(), ["said once", "heard"]);
  assert.equal(await ada.received("heard"), true);
  assert.equal(await ada.received("said once"), false);
});

chatTest("a private message reaches only whom it is for", async ({ enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  const linus = await enter("linus");
  for (const window of [ada, grace, linus]) await window.join("lobby");

  await ada.open("person-grace", "@grace");
  await ada.tell("between us");
  await grace.open("private-ada", "@ada");
  await grace.hears("between us", "ada");
  await grace.tell("of course");
  await ada.hears("of course", "grace");
  assert.deepEqual(await ada.texts(), ["between us", "of course"]);

  await ada.open("room-lobby", "#lobby");
  await ada.tell("to all");
  await linus.hears("to all", "ada");
  assert.deepEqual(await linus.texts(), ["to all"]);
  assert.equal(await linus.received("to all"), true);
  assert.equal(await linus.received("between us"), false);
  assert.equal(await linus.id("private-ada").count(), 0);
});

chatTest("one sees who is typing", async ({ enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  await ada.join("lobby");
  await grace.join("lobby");

  const sees = grace.id("typing").filter({ hasText: "ada is typing" });
  let seen = false;
  const watching = sees.waitFor().then(() => (seen = true));
  // A hint may be lost, and the page does not repeat it for each letter: go on until it is seen.
  const writing = (async () => {
    while (!seen) await ada.id("composer").pressSequentially("so ", { delay: 50 });
  })();
  await Promise.race([watching, writing.then(() => watching)]).finally(() => (seen = true));
  await writing;

  assert.equal(await ada.id("typing").count(), 0);
  // What is typed is not what is said; and once it is said, nobody types any more.
  assert.deepEqual(await grace.texts(), []);
  await ada.tell("so it is");
  await grace.hears("so it is", "ada");
  await sees.waitFor({ state: "detached" });
});

chatTest("another tenant hears nothing in a room of the same name", async ({ server, enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  const eve = await enter("eve", { tenant: "globex" });
  await server.line(/^a user connected: \S+ \(\/globex\)$/);
  for (const window of [ada, grace, eve]) await window.join("lobby");
  assert.equal(await eve.id("tenant").textContent(), "Globex");

  await ada.tell("for acme");
  await grace.hears("for acme", "ada");
  await ada.open("person-grace", "@grace");
  await ada.tell("a word in acme");
  await grace.id("private-ada").waitFor();

  // Eve's confirmation was queued for her after whatever the server did for Ada.
  await eve.tell("hello globex");
  assert.deepEqual(await eve.texts(), ["hello globex"]);
  assert.equal(await grace.received("for acme"), true);
  assert.equal(await eve.received("acme"), false, "nothing with that word came to Globex");
  assert.equal(await eve.id("person-ada").count(), 0);
  assert.equal(await eve.id("member").count(), 1);
  assert.equal(await ada.received("globex"), false);
});

chatTest("who leaves a room hears no more of it", async ({ enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  await ada.join("lobby");
  await grace.join("lobby");
  await ada.tell("while you are here");
  await grace.hears("while you are here", "ada");

  await grace.id("leave").click();
  await grace.id("room-lobby").waitFor({ state: "detached" });
  await ada.noMember("grace");
  await ada.tell("after you left");
  await ada.open("person-grace", "@grace");
  await ada.tell("still there?");
  await grace.open("private-ada", "@ada");
  await grace.hears("still there?", "ada");

  assert.equal(await grace.received("still there?"), true);
  assert.equal(await grace.received("after you left"), false);
  assert.deepEqual(grace.complaints, []);

  // And one can come back.
  await grace.join("lobby");
  await ada.open("room-lobby", "#lobby");
  await ada.member("grace");
  await ada.tell("welcome back");
  await grace.hears("welcome back", "ada");
});
