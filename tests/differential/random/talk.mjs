// Clients that talk: by polling, by WebSocket, and while they move from the one to the other.

import {
  BINARY,
  drop,
  finish,
  frame,
  frames,
  http,
  pass,
  polling,
  post,
  raw,
  frameOf,
  upgrade,
  websocket,
} from "../script.mjs";
import { payload } from "../table/row.mjs";
import { packet } from "./packets.mjs";

/** Several clients, each by one transport, in some namespaces. */
export function talk(lot) {
  const clients = ["a", "b"].slice(0, 1 + lot.below(2)).map((line, nth) => {
    return lot.once(2) ? new Polling(lot, line, nth) : new WebSocket(lot, line);
  });
  const joins = clients.flatMap((client) => (lot.once(8) ? [] : client.say(["40"])));
  const open = clients.flatMap((client) => client.open());
  return [...open, ...joins, ...lot.many(2, 9, () => lot.one(clients).act()).flat()];
}

class Polling {
  constructor(lot, line, nth) {
    Object.assign(this, { lot, line, nth });
  }

  open() {
    return polling(this.line, this.nth);
  }

  say(packets) {
    return [post(this.line, payload(packets), this.nth)];
  }

  act() {
    const { lot, line, nth } = this;
    const query = `EIO=4&transport=polling&sid={s${nth}}`;
    return lot.among(
      [20, () => this.say(lot.many(1, 3, () => packet(lot)).flat())],
      [1, () => http(`${line}-second`, "GET", query)],
      [1, () => drop(`${line}-poll`)],
      [
        1,
        () =>
          raw(
            `${line}-part-${lot.below(1000)}`,
            `POST /socket.io/?${query} HTTP/1.1\r\nhost: x\r\ncontent-length: 40\r\n\r\n42["echo"]`,
          ),
      ],
    );
  }
}

class WebSocket {
  constructor(lot, line) {
    Object.assign(this, { lot, line });
  }

  open() {
    return websocket(this.line);
  }

  say(packets) {
    return [
      frames(
        this.line,
        packets.map((one) => this.#frame(one)),
      ),
    ];
  }

  #frame(one) {
    return typeof one === "string" ? { data: one } : { data: one.data, opcode: BINARY };
  }

  act() {
    const { lot, line } = this;
    return lot.among(
      [20, () => this.say(lot.many(1, 3, () => packet(lot)).flat())],
      [3, () => this.#inPieces()],
      [1, () => frame(line, lot.one(["", "\x03\xe8", "\x03\xe9bye", "\x0f\xa0"]), { opcode: 8 })],
      [1, () => finish(line)],
      [1, () => drop(line)],
    );
  }

  /** The bytes of a frame in two writes, between which the server has time. */
  #inPieces() {
    const { lot, line } = this;
    const bytes = frameOf({ data: '42["echo","pieces"]' }).toString("latin1");
    const at = 1 + lot.below(bytes.length - 1);
    return [raw(line, bytes.slice(0, at)), raw(line, bytes.slice(at))];
  }
}

/** A client by polling that upgrades, or tries to, while it talks. */
export function move(lot) {
  const client = new Polling(lot, "a", 0);
  const probe = () => frame("ws", "2probe");
  const steps = [...client.open(), ...client.say(["40"])];
  if (lot.once(3)) steps.push(...client.say(packet(lot)));
  steps.push(upgrade("ws"));
  if (!lot.once(6)) steps.push(probe());
  if (lot.once(3)) steps.push(...client.say(packet(lot)));
  if (!lot.once(4)) steps.push(pass(150));
  const acts = lot.many(0, 2, () =>
    lot.among(
      [3, () => client.say(packet(lot))],
      [1, () => frame("ws", lot.one(["2probe", "2", "3", "6", "1", '42["echo",0]', "x"]))],
      [1, () => drop(lot.one(["ws", "a-poll"]))],
      [1, () => [upgrade("ws2"), frame("ws2", "2probe")]],
    ),
  );
  steps.push(...acts.flat());
  if (!lot.once(4)) steps.push(frame("ws", "5"));
  const behind = lot.many(1, 4, () =>
    lot.among(
      [
        4,
        () =>
          frames(
            "ws",
            packet(lot).map((one) =>
              typeof one === "string" ? { data: one } : { ...one, opcode: BINARY },
            ),
          ),
      ],
      [1, () => client.act()],
      [1, () => http("b", "GET", "EIO=4&transport=polling&sid={s0}")],
      [1, () => [upgrade("ws3"), frame("ws3", "2probe")]],
    ),
  );
  return [...steps, ...behind.flat()];
}
