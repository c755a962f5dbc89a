// One side of a comparison: a server, and the client that a case has there.

import { Line } from "./line.mjs";
import { byNamespace } from "./order.mjs";
import { plainOf, respelled } from "./plain.mjs";
import { bytesOf, http } from "./script.mjs";

const UNKNOWN = "-".repeat(20);
const SID = /"sid":"[\w-]{20}"/g;
/** The id of an event that asks for an answer counts on from case to case. */
const QUESTION = /^(4(?:2|5\d+-)(?:\/[^,]*,)?)(\d+)(\["question")/;
/** How often a stream is read in one step: more is a server that answers without end. */
const POLLS = 100;

export class Side {
  #server;
  #lines = new Map();
  #sessions = [];
  #questions = [];
  #sockets = new Map();

  constructor(server) {
    this.#server = server;
  }

  get sessions() {
    return this.#sessions.length;
  }

  /** Does a step, and waits until all that follows from it has. */
  async step(step) {
    await this.#act(step);
    await this.#server.settle();
  }

  /** What came since this was asked last, as two servers would have to agree on. */
  take() {
    const lines = {};
    for (const [name, { line, stream }] of this.#lines) {
      const items = line.items.splice(0).flatMap(stream ? packets : (item) => item);
      if (items.length > 0) lines[name] = items;
    }
    for (const items of Object.values(lines)) items.forEach((item) => this.#meet(item));
    return { lines: this.#named(lines), seen: this.#seen() };
  }

  /** Waits for what may still come. */
  async more(ms) {
    await new Promise((done) => setTimeout(done, ms));
    await this.#server.settle();
  }

  /** Leaves nothing behind that the next case could see; of a case that was not played to its end, too. */
  async clear(isOver) {
    for (const { line } of this.#lines.values()) line.drop();
    this.#lines.clear();
    this.#questions.length = 0;
    const sessions = this.#sessions.splice(0);
    if (isOver) await this.#server.settle();
    else await this.#end(sessions);
    this.#server.told.length = 0;
    this.#sockets.clear();
  }

  async #end(sessions) {
    await this.#server.settle();
    for (const sid of sessions) {
      const line = new Line(this.#server.port, this.#server.noticed);
      await line.open;
      const query = `EIO=4&transport=polling&sid=${sid}`;
      await line.write(
        bytesOf(http("", "POST", query, { body: "1" }), (text) => text),
        "POST",
      );
      await this.#server.settle();
      line.drop();
    }
  }

  async #act(step) {
    const { act } = step;
    if (act === "finish") return this.#lines.get(step.line)?.line.finish();
    if (act === "drop") return this.#lines.get(step.line)?.line.drop();
    if (act === "pass") return new Promise((done) => setTimeout(done, step.ms));
    if (act === "end") return this.#lines.forEach(({ line }) => line.finish());
    const { line } = await this.#line(step);
    await line.write(
      bytesOf(step, this.#fill),
      act === "http" ? step.method : act === "poll" && "GET",
    );
  }

  async #line(step) {
    const known = this.#lines.get(step.line);
    if (known) return known;
    const entry = { stream: step.act === "poll" };
    entry.line = new Line(this.#server.port, (item) => {
      this.#server.noticed();
      if (!entry.stream || item.status !== 200 || (entry.polls += 1) > POLLS) return;
      entry.line.write(bytesOf(step, this.#fill), "GET");
    });
    entry.polls = 0;
    this.#lines.set(step.line, entry);
    await entry.line.open;
    return entry;
  }

  #fill = (text) =>
    text
      .replace(/\{s(\d)\}/g, (_, nth) => this.#sessions[nth] ?? UNKNOWN)
      .replace(/\{q(\d)\}/g, (_, nth) => this.#questions[nth] ?? "0");

  /** Learns the ids of sessions that were opened, and of questions that were asked. */
  #meet(item) {
    const text = item.text ?? item.body ?? item.packet ?? "";
    const sid = /^0\{"sid":"([\w-]{20})"/.exec(text)?.[1];
    if (sid) this.#sessions.push(sid);
    const question = QUESTION.exec(text)?.[2];
    if (question) this.#questions.push(question);
  }

  /** With words in the place of ids, and values spelled as JavaScript does. */
  #named(lines) {
    for (const item of Object.values(lines).flat()) {
      for (const part of ["text", "packet", "body"]) {
        if (item[part])
          item[part] = respelled(
            item[part].replace(SID, '"sid":"<id>"').replace(QUESTION, "$1<id>$3"),
          );
      }
    }
    for (const [name, items] of Object.entries(lines)) lines[name] = byNamespace(items);
    return lines;
  }

  /** What handlers saw, socket by socket: what happens to different ones has no order. */
  #seen() {
    const seen = {};
    for (const { nsp, id, saw, json, attachments, ...more } of this.#server.told.splice(0)) {
      if (saw === "connect") this.#sockets.set(id, `${nsp} #${this.#sockets.size}`);
      const socket = id === undefined ? "server" : this.#sockets.get(id);
      // One of an earlier case, whose end came late.
      if (!socket) continue;
      const args = json === undefined ? {} : { args: plainOf(json, attachments) };
      (seen[socket] ??= []).push({ saw, ...more, ...args });
    }
    return seen;
  }
}

/** The packets of an answer to a poll: how many one answer brings is not told. */
function packets(item) {
  if (item.status !== 200) return [item];
  const all = item.body.split("\x1e").filter((packet) => packet !== "6");
  return all.map((packet) => ({ packet }));
}
