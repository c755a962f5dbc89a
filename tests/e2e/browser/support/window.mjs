// One window of the chat: a browser context of its own, and what a person does in it.

import assert from "node:assert/strict";

const PATIENCE = 20_000;

export class Window {
  /** Errors and warnings the page showed in the console. */
  complaints = [];
  /** What came over the network, as text: to know what did *not* come. */
  #received = [];
  #reading = [];

  static async open(browser, { viewport = { width: 1280, height: 800 }, ...options } = {}) {
    const context = await browser.newContext({ viewport, reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(PATIENCE);
    return new Window(context, await context.newPage());
  }

  constructor(context, page) {
    this.context = context;
    this.page = page;
    page.on("console", (m) => {
      if (m.type() === "error" || m.type() === "warning") this.complaints.push(`${m.type()}: ${m.text()}`);
    });
    page.on("pageerror", (error) => this.complaints.push(`uncaught: ${error.stack}`));
    page.on("websocket", (ws) => ws.on("framereceived", ({ payload }) => this.#received.push(String(payload))));
    page.on("requestfinished", (request) => {
      if (request.url().includes("/socket.io/")) this.#reading.push(this.#read(request));
    });
  }

  async #read(request) {
    // An upgraded request has no body to read.
    const body = await request.response().then((r) => r?.text(), () => "").catch(() => "");
    if (body) this.#received.push(body);
  }

  async visit(url, { tenant = "acme", nick, transport = "upgrade" }) {
    await this.page.goto(`${url}?${new URLSearchParams({ tenant, nick, transport })}`);
  }

  async signIn(url, who) {
    this.nick = who.nick;
    await this.visit(url, who);
    await this.id("sign-in").click();
    await this.linked("here");
    assert.equal(await this.id("me").textContent(), who.nick);
  }

  id(testid) {
    return this.page.getByTestId(testid);
  }

  async linked(state) {
    await this.page.locator(`[data-testid=link][data-state=${state}]`).waitFor({ state: "attached" });
  }

  async join(room) {
    await this.id("room-name").fill(room);
    await this.id("room-join").click();
    await this.at(`#${room}`);
    // We see ourselves among the members: the server let us in.
    await this.member(this.nick);
  }

  async member(nick) {
    await this.page.locator(`[data-testid=member][data-nick="${nick}"]`).waitFor();
  }

  async noMember(nick) {
    await this.page.locator(`[data-testid=member][data-nick="${nick}"]`).waitFor({ state: "detached" });
  }

  async open(testid, conversation) {
    await this.id(testid).click();
    await this.at(conversation);
  }

  async at(conversation) {
    await this.page.locator(`[data-testid=conversation][data-id="${conversation}"]`).waitFor();
  }

  async say(text) {
    await this.id("composer").fill(text);
    await this.id("composer").press("Enter");
    await this.message(text).waitFor();
  }

  /** Says it, and waits until the server confirmed it. */
  async tell(text) {
    await this.say(text);
    await this.mine(text, "sent").waitFor();
  }

  message(text) {
    return this.id("message").filter({ has: this.page.getByText(text, { exact: true }) });
  }

  mine(text, status) {
    return this.message(text).and(this.page.locator(`[data-mine=true][data-status=${status}]`));
  }

  async hears(text, from) {
    await this.message(text).and(this.page.locator(`[data-mine=false][data-nick="${from}"]`)).waitFor();
  }

  texts() {
    return this.id("text").allTextContents();
  }

  /** Whether this ever came over the network to this window. */
  async received(text) {
    await Promise.all(this.#reading);
    return this.#received.some((part) => part.includes(text));
  }

  async close() {
    await this.context.close();
  }
}
