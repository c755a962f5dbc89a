// The page itself: what it refuses, counts and announces, with keyboard and on a phone.

import assert from "node:assert/strict";
import { chatTest } from "./support/harness.mjs";

chatTest("a normal visit leaves no complaint in the console", async ({ enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  for (const window of [ada, grace]) {
    await window.join("lobby");
    await window.id("transport").filter({ hasText: "websocket" }).waitFor();
  }
  await ada.tell("hello https://example.org/a, see there");
  await grace.id("message").first().waitFor();
  const link = grace.page.getByRole("link", { name: "https://example.org/a", exact: true });
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  await grace.open("person-ada", "@ada");
  await grace.tell("psst");
  await ada.open("private-grace", "@grace");
  await ada.open("room-lobby", "#lobby");
  await ada.id("leave").click();
  await ada.id("room-lobby").waitFor({ state: "detached" });
  await ada.id("sign-out").click();
  await ada.id("sign-in").waitFor();
  await grace.id("person-ada").waitFor({ state: "detached" });
  assert.deepEqual(ada.complaints, []);
  assert.deepEqual(grace.complaints, []);
});

chatTest("a nickname that is taken is refused, and another one will do", async ({ server, enter, open }) => {
  await enter("ada");
  const other = await open();
  await other.visit(server.url, { nick: "ada" });
  await other.id("sign-in").click();
  await other.id("sign-in-error").waitFor();
  await other.id("nick").fill("augusta");
  await other.id("sign-in").click();
  await other.linked("here");
  assert.equal(await other.id("me").textContent(), "augusta");

  // The same name elsewhere is somebody else.
  const elsewhere = await enter("ada", { tenant: "globex" });
  assert.deepEqual(elsewhere.complaints, []);
});

chatTest("a server that cannot be reached is waited for, or not", async ({ server, open }) => {
  const ada = await open();
  await ada.visit(server.url, { nick: "ada" });
  await server.kill();
  await ada.id("sign-in").click();
  await ada.id("sign-in-trouble").waitFor();
  await ada.id("cancel").click();
  await ada.id("sign-in").click();
  await ada.id("sign-in-trouble").waitFor();
  await server.restart();
  await ada.linked("here");
});

chatTest("a refused message says why, and can be tried again", async ({ enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  await ada.open("person-grace", "@grace");
  await ada.tell("hello");
  await grace.close();
  await ada.id("presence").filter({ hasText: "Not here" }).waitFor();
  await ada.say("one more thing");
  await ada.mine("one more thing", "failed").waitFor();
  assert.equal(await ada.id("why").textContent(), "grace is not here");

  const again = await enter("grace");
  await ada.id("presence").filter({ hasText: "Private" }).waitFor();
  await ada.id("retry").click();
  await ada.mine("one more thing", "sent").waitFor();
  await again.open("private-ada", "@ada");
  await again.hears("one more thing", "ada");
  assert.deepEqual(await again.texts(), ["one more thing"]);
});

chatTest("what came unseen is counted until it is read", async ({ enter }) => {
  const ada = await enter("ada");
  const grace = await enter("grace");
  await ada.join("lobby");
  await grace.join("lobby");
  await ada.join("garden");
  await grace.tell("one");
  await grace.tell("two");
  await ada.id("room-lobby").getByTestId("unread").filter({ hasText: /^2/ }).waitFor();
  assert.equal(await ada.page.title(), "(2) Acme · klatch");
  await ada.open("room-lobby", "#lobby");
  await ada.id("unread").waitFor({ state: "detached" });
  assert.equal(await ada.page.title(), "Acme · klatch");
});

chatTest("everything can be done with the keyboard", async ({ server, open, enter }) => {
  const grace = await enter("grace");
  await grace.join("lobby");
  const ada = await open();
  const { keyboard } = ada.page;
  const tabTo = async (testid) => {
    for (let i = 0; i < 40; i++) {
      const there = await ada.page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
      if (there === testid) return;
      await keyboard.press("Tab");
    }
    assert.fail(`the tab key does not lead to ${testid}`);
  };
  await ada.visit(server.url, { nick: "" });
  // The field for the name has the focus from the start: when it is there, which may be after `load`.
  await ada.id("nick").and(ada.page.locator(":focus")).waitFor();
  await keyboard.type("ada");
  await keyboard.press("Enter");
  await ada.linked("here");
  await tabTo("suggest-lobby");
  await keyboard.press("Enter");
  await ada.at("#lobby");
  await tabTo("composer");
  await keyboard.type("two");
  await keyboard.press("Shift+Enter");
  await keyboard.type("lines");
  await keyboard.press("Enter");
  await ada.mine("two\nlines", "sent").waitFor();
  await grace.hears("two\nlines", "ada");
  await tabTo("leave");
  await keyboard.press("Enter");
  await ada.id("room-lobby").waitFor({ state: "detached" });
});

chatTest("on a phone there is one thing at a time, and nothing sticks out", async ({ enter }) => {
  const grace = await enter("grace");
  await grace.join("lobby");
  const ada = await enter("ada", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const fits = async () => {
    const [content, screen] = await ada.page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(content <= screen, `the page is ${content} wide on a screen of ${screen}`);
  };
  await fits();
  await ada.id("suggest-lobby").tap();
  await ada.at("#lobby");
  assert.equal(await ada.id("room-lobby").isVisible(), false);
  await ada.tell("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft");
  await fits();
  await ada.id("show-members").tap();
  await ada.member("grace");
  await fits();
  await ada.page.keyboard.press("Escape");
  await ada.id("members").waitFor({ state: "detached" });
  await ada.id("back").tap();
  await ada.id("room-lobby").waitFor();
  await grace.tell("are you there?");
  await ada.id("room-lobby").getByTestId("unread").waitFor();
  await fits();
});
