// Not a check but a picture, for the README: KLATCH_SCREENSHOT=../../docs/chat.png (from tests/e2e)
// More of them, to look at while working on the page: KLATCH_SCREENSHOTS=directory

import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { chatTest } from "./support/harness.mjs";

const one = process.env.KLATCH_SCREENSHOT;
const many = process.env.KLATCH_SCREENSHOTS;

/** Some people, a conversation, somebody typing, something unread. */
async function lively({ enter }) {
  const grace = await enter("grace");
  const linus = await enter("linus");
  const mary = await enter("mary");
  const ada = await enter("ada");
  for (const window of [grace, linus, ada]) await window.join("kitchen");
  for (const window of [grace, linus, mary, ada]) await window.join("lobby");
  const say = async (from, text) => {
    await from.tell(text);
    await ada.message(text).waitFor();
  };
  await say(grace, "Morning! The new build is up. ☕️");
  await say(grace, "It runs on tokio and on async-std, and you cannot tell which one you are on.");
  await say(ada, "I opened it on the train: it began with polling and went on with WebSocket by itself.");
  await say(linus, "In the tunnel too?");
  await say(ada, "The line dropped, I went on writing, and it was all sent on the other side.");
  await say(ada, "In order, and once.");
  await say(mary, "That is how I like my coffee machine to work as well.");
  await linus.open("room-kitchen", "#kitchen");
  await linus.tell("Fresh cake on the table");
  await linus.open("room-lobby", "#lobby");
  await grace.open("person-ada", "@ada");
  await grace.tell("Lunch at twelve?");
  await grace.open("room-lobby", "#lobby");
  await ada.id("private-grace").getByTestId("unread").waitFor();
  await ada.id("room-kitchen").getByTestId("unread").waitFor();
  return { ada, linus, grace };
}

async function typingSeen(by, from) {
  let seen = false;
  const watching = by.id("typing").waitFor().finally(() => (seen = true));
  while (!seen) await from.id("composer").pressSequentially("a", { delay: 50 });
  await watching;
}

chatTest(
  "a picture for the README",
  async ({ enter }) => {
    const { ada, linus } = await lively({ enter });
    await typingSeen(ada, linus);
    await mkdir(dirname(one), { recursive: true });
    await ada.page.screenshot({ path: one });
  },
  { skip: one ? false : "KLATCH_SCREENSHOT is not set" },
);

chatTest(
  "pictures of all that can be seen",
  async ({ server, open, enter }) => {
    await mkdir(many, { recursive: true });
    const shot = (window, name) => window.page.screenshot({ path: join(many, `${name}.png`) });
    const start = await open();
    await start.visit(server.url, { nick: "ada" });
    await shot(start, "sign-in");

    const { ada, linus, grace } = await lively({ enter });
    await typingSeen(ada, linus);
    await shot(ada, "wide");
    await ada.page.emulateMedia({ colorScheme: "dark" });
    await shot(ada, "dark");
    await ada.page.setViewportSize({ width: 900, height: 700 });
    await shot(ada, "middle-with-members");

    await ada.page.keyboard.press("Escape");
    await ada.page.setViewportSize({ width: 390, height: 800 });
    await shot(ada, "phone-dark");
    await ada.page.emulateMedia({ colorScheme: "light" });
    await shot(ada, "phone");
    await ada.id("back").click();
    await shot(ada, "phone-list");
    await ada.page.setViewportSize({ width: 1280, height: 800 });
    await ada.id("tenant").click();
    await shot(ada, "welcome");

    await ada.open("private-grace", "@grace");
    await ada.tell("Gladly. At the window?");
    await grace.close();
    await ada.id("presence").filter({ hasText: "Not here" }).waitFor();
    await ada.say("I take the bread along.");
    await ada.id("retry").waitFor();
    await shot(ada, "refused");

    await ada.open("room-lobby", "#lobby");
    await server.kill();
    await ada.page.locator("[data-testid=banner][data-state=dropped]").waitFor();
    await ada.say("Did somebody pull the plug?");
    await ada.mine("Did somebody pull the plug?", "held").waitFor();
    await shot(ada, "dropped");
    await ada.page.emulateMedia({ colorScheme: "dark" });
    await shot(ada, "dropped-dark");
    await ada.page.setViewportSize({ width: 390, height: 800 });
    await shot(ada, "dropped-phone");
    await ada.page.setViewportSize({ width: 1280, height: 800 });
    await ada.page.emulateMedia({ colorScheme: "light" });
    await server.restart();
    await ada.page.locator("[data-testid=banner][data-state=back]").waitFor();
    await shot(ada, "back");
  },
  { skip: many ? false : "KLATCH_SCREENSHOTS is not set" },
);
