// The server dies and comes back. Once for each way to connect.

import assert from "node:assert/strict";
import { chatTest as once, chatTestForEachTransport as chatTest } from "./support/harness.mjs";

const banner = (window, state) => window.page.locator(`[data-testid=banner][data-state=${state}]`);

async function isBack(window) {
  await Promise.all([
    banner(window, "back").waitFor(),
    window.linked("here"),
    window.page.locator("[data-testid=gap][data-over=true]").waitFor(),
  ]);
}

chatTest("both windows come back, and what was written meanwhile is sent", async ({ server, enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  await ada.join("kitchen");
  for (const window of [ada, grace]) await window.join("lobby");
  await ada.tell("before");
  await grace.hears("before", "ada");

  await server.kill();
  await Promise.all([ada, grace].map((w) => banner(w, "dropped").waitFor()));

  // Ada stays away until Grace is in her room again: a room has no memory, so who comes later
  // would rightly not hear what was said before.
  await ada.context.setOffline(true);
  const written = ["first", "second", "third"];
  for (const text of written) await ada.say(text);
  for (const text of written) await ada.mine(text, "held").waitFor();
  await ada.open("person-grace", "@grace");
  await ada.say("in private");
  await ada.mine("in private", "held").waitFor();
  await ada.open("room-lobby", "#lobby");

  await server.restart();
  await isBack(grace);
  assert.equal(await grace.id("member").count(), 1);
  await ada.context.setOffline(false);
  await isBack(ada);

  for (const window of [ada, grace]) {
    await window.member("ada");
    await window.member("grace");
  }
  for (const text of written) {
    await ada.mine(text, "sent").waitFor();
    await grace.hears(text, "ada");
  }
  await grace.open("private-ada", "@ada");
  await grace.hears("in private", "ada");
  assert.deepEqual(await grace.texts(), ["in private"]);

  // Both ways, and nothing twice.
  await grace.open("room-lobby", "#lobby");
  await grace.tell("after");
  await ada.hears("after", "grace");
  assert.deepEqual(await ada.texts(), ["before", ...written, "after"]);
  assert.deepEqual(await grace.texts(), ["before", ...written, "after"]);

  // The room in the background was joined again as well.
  await grace.join("kitchen");
  await grace.member("ada");
});

chatTest("a message without confirmation is not said twice by itself", async ({ server, enter }) => {
  const ada = await enter("ada");
  await ada.join("lobby");
  await server.freeze();
  await ada.say("did you hear?");
  await ada.mine("did you hear?", "sending").waitFor();
  await server.kill();
  await ada.mine("did you hear?", "failed").waitFor();

  await server.restart();
  await isBack(ada);
  assert.equal(await ada.mine("did you hear?", "failed").count(), 1);

  const grace = await enter("grace");
  await grace.join("lobby");
  await ada.id("retry").click();
  await ada.mine("did you hear?", "sent").waitFor();
  await grace.hears("did you hear?", "ada");
  await grace.tell("yes");
  await ada.hears("yes", "grace");
  assert.deepEqual(await ada.texts(), ["did you hear?", "yes"]);
  assert.deepEqual(await grace.texts(), ["did you hear?", "yes"]);
});

once("whose name was taken meanwhile waits for it, and then goes on", async ({ server, enter }) => {
  const ada = await enter("ada");
  await ada.join("lobby");
  await server.kill();
  await banner(ada, "dropped").waitFor();
  await ada.context.setOffline(true);
  await ada.say("is it me?");
  await server.restart();
  const other = await enter("ada");
  await ada.context.setOffline(false);
  await banner(ada, "rejoining").filter({ hasText: "Waiting for your name" }).waitFor();
  assert.equal(await ada.mine("is it me?", "held").count(), 1);
  await other.id("sign-out").click();
  await isBack(ada);
  await ada.mine("is it me?", "sent").waitFor();
});
