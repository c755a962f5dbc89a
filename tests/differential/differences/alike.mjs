// Differences after which both servers go on alike. Each rule makes of what Node did what klatch did, and
// of nothing else. `row` is where docs/differences.md tells of it.

import { isDeepStrictEqual } from "node:util";
import { said } from "./said.mjs";

/** Why a connection ends for what its client did. */
const ENDS = /^(parse error|transport error|transport close|forced (server )?close)$/;

/** Each item of Node's beside klatch's. */
function pairs({ node, klatch }, see) {
  for (const [name, items] of Object.entries(node.lines)) {
    items.forEach((item, index) => {
      const other = klatch.lines[name]?.[index];
      if (other) see(item, other, items, index);
    });
  }
}

/** Each event of a socket beside the other server's. */
function eventPairs(node, klatch, see) {
  for (const [socket, items] of Object.entries(node.seen)) {
    items.forEach((item, index) => {
      const other = klatch.seen[socket]?.[index];
      if (item.event !== undefined && other?.event !== undefined) see(item, other);
    });
  }
}

export const ALIKE = [
  {
    id: "a post under way when its session ends",
    row: "a POST that is under way when its session ends",
    liken({ node, klatch, step }) {
      for (const [name, items] of Object.entries(klatch.lines)) {
        const dropped = name !== step.line && node.lines[name]?.[0]?.ends;
        if (dropped && items[0]?.status === 400 && items[1]?.ends)
          node.lines[name].unshift(structuredClone(items[0]));
      }
    },
  },
  {
    id: "a poll that waits when its session moves",
    row: "a poll that waits when its session moves to a WebSocket",
    liken(seen) {
      if (seen.step.act !== "frames" || !said(seen).includes("5")) return;
      for (const [name, items] of Object.entries(seen.node.lines)) {
        if (items[0].packet === "1" && items[1]?.status === 400)
          seen.node.lines[name] = items.slice(1);
      }
    },
  },
  {
    id: "errors are not to be stored",
    row: "`Cache-Control: no-store` on errors",
    liken: (seen) =>
      pairs(seen, (node, klatch) => {
        const stored = node.status >= 400 && node.headers["cache-control"] === undefined;
        if (stored && klatch.headers?.["cache-control"] === "no-store") {
          node.headers["cache-control"] = "no-store";
        }
      }),
  },
  {
    id: "errors of a session are no refusals",
    row: "errors of a session (a second poll, a GET after the upgrade)",
    liken({ node, klatch }) {
      const refused = node.seen.server ?? [];
      if (klatch.seen.server || refused.some(({ code }) => code !== 3)) return;
      const answers = Object.values(klatch.lines)
        .flat()
        .filter(({ body }) => body?.startsWith('{"code":3,'));
      if (answers.length === refused.length) delete node.seen.server;
    },
  },
  {
    id: "a body that is no payload",
    row: "a polling body that is no payload",
    liken: (seen) =>
      pairs(seen, (node, klatch) => {
        const taken = node.status === 200 && node.body === "ok";
        if (!taken || klatch.status !== 400 || klatch.body !== "") return;
        if (ends(seen.node, "parse error") && ends(seen.klatch, "parse error")) {
          Object.assign(node, structuredClone(klatch));
        }
      }),
  },
  {
    id: "the end of a connection without a close",
    row: "a WebSocket whose connection the client ends without a close",
    liken: (seen) =>
      pairs(seen, (node, klatch, items, index) => {
        const gone = seen.step.act === "end" || seen.step.act === "finish";
        if (gone && node.ends && klatch.close === 1005) items[index] = { ...klatch };
      }),
  },
  {
    id: "E7",
    row: "an event before what ends its connection, in one read",
    liken({ node }) {
      for (const [socket, items] of Object.entries(node.seen)) {
        const isEnd = ({ saw, reason }) => /^disconnect/.test(saw) && ENDS.test(reason);
        node.seen[socket] = [...items.filter((item) => !isEnd(item)), ...items.filter(isEnd)];
      }
    },
  },
  {
    id: "a lone surrogate in the name of an event",
    row: "a lone surrogate in the name of an event",
    liken: ({ node, klatch }) =>
      eventPairs(node, klatch, (item, other) => {
        const known = (name) => name.replace(/[\ufffd\ud800-\udfff]+/gu, "\ufffd");
        if (/[\ud800-\udfff]/u.test(item.event) && known(item.event) === known(other.event))
          item.event = other.event;
      }),
  },
  {
    id: "a lone surrogate in the name of a room",
    row: "a lone surrogate in the name of an event; in a text that a handler asks for",
    liken({ node, klatch }) {
      for (const [socket, items] of Object.entries(node.seen)) {
        items.forEach((item, index) => {
          const rooms = item.rooms?.filter((room) => !/[\ud800-\udfff]/u.test(room));
          if (rooms && isDeepStrictEqual(rooms, klatch.seen[socket]?.[index]?.rooms))
            item.rooms = rooms;
        });
      }
    },
  },
  {
    id: "a number as the name of an event",
    row: "an event that is named by `-0`",
    liken: ({ node, klatch }) =>
      eventPairs(node, klatch, (item, other) => {
        if (String(Number(other.event)) === item.event) item.event = other.event;
      }),
  },
];

/** Whether all who were there to hear it heard that a connection ended for `reason`. */
function ends({ seen }, reason) {
  const reasons = Object.values(seen)
    .flat()
    .filter(({ saw }) => saw === "disconnect");
  return reasons.every((one) => one.reason === reason);
}
