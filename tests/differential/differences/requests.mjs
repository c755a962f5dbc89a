// H: differences for what requests ask.

import { answer } from "./shape.mjs";

/** A request that is answered by both, and not alike. */
const request = (id, row, allows) => ({
  id,
  row,
  allows(seen) {
    const [node, klatch] = [answer(seen, seen.node), answer(seen, seen.klatch)];
    const refused = (side, code) => isRefused(seen[side], seen.step.line, code);
    return (
      seen.step.act !== "frames" &&
      allows({ ...seen, asked: seen.step, answers: { node, klatch }, refused })
    );
  },
});

const has = ({ headers = [] }, name, pattern = /./) =>
  headers.some(([header, value]) => header.toLowerCase() === name && pattern.test(value));
const isUpgrade = (step) => has(step, "upgrade");
/** Whether it was refused with one of Engine.IO's codes; the answer to a HEAD has no body that tells. */
const isRefused = ({ lines, seen }, line, code) => {
  const { status, body } = lines[line]?.[0] ?? {};
  const isTold = seen.server?.length === 1 && seen.server[0].code === code;
  return status >= 400 && (body === "" ? isTold : Boolean(body?.startsWith(`{"code":${code},`)));
};
const isGone = (items = []) => items.some(({ ends }) => ends);
const head = ({ bytes = "" }) => bytes.split("\r\n\r\n")[0].toLowerCase();

export const REQUESTS = [
  request(
    "H2",
    "a query key given twice",
    ({ asked, refused }) => refused("klatch", 3) && isGivenTwice(asked.query),
  ),
  request(
    "H6",
    "a request for a session that there is not, with another fault",
    ({ asked, refused }) => {
      return asked.query?.includes("sid=") && refused("node", 1) && refused("klatch", 3);
    },
  ),
  request("H4", "methods other than GET and POST on a session", ({ answers: { node, klatch } }) => {
    return node?.status === 500 && klatch?.status === 400;
  }),
  request(
    "H5",
    "a request without an upgrade for a session that has a WebSocket",
    ({ asked, answers: { node }, refused }) => {
      return (
        asked.query?.includes("transport=websocket") &&
        !isUpgrade(asked) &&
        !node &&
        refused("klatch", 3)
      );
    },
  ),
  request(
    "H8",
    "a version that is not spoken, of a client that `allowRequest` refuses",
    ({ asked, refused }) =>
      asked.query?.includes("deny=1") && refused("node", 4) && refused("klatch", 5),
  ),
  request("H9, H10", "a request from an origin that `cors` does not list", ({ asked, refused }) => {
    return (
      has(asked, "origin") && !has(asked, "origin", /^http:\/\/good\.test$/) && refused("klatch", 4)
    );
  }),
  request(
    "H12",
    "a preflight that asks for an upgrade, too",
    ({ asked, answers: { node, klatch } }) => {
      return asked.method === "OPTIONS" && isUpgrade(asked) && node?.ends && klatch?.status === 204;
    },
  ),
  request("H13, H14", "more than 100 headers", ({ asked, answers: { klatch } }) => {
    return asked.headers?.length > 99 && klatch?.status === 431;
  }),
  request("H16", "`Content-Length` beside `Transfer-Encoding`", ({ asked, answers: { node } }) => {
    const text = head(asked);
    const lengths = text.match(/^content-length:/gm)?.length ?? 0;
    const isDoubtful =
      lengths > 1 || text.includes("\r\ntransfer-encoding:") || !text.includes("\r\nhost:");
    return asked.act === "raw" && isDoubtful && node?.status === 400;
  }),
  request("H18", "a WebSocket handshake that is wrong", ({ asked, answers: { node, klatch } }) => {
    const isTold = asked.method === "HEAD" || /^\{"code":[0-5],/.test(klatch?.body);
    const isRefused = /^40[05]$/.test(node?.status) && /^40[03]$/.test(klatch?.status);
    return isUpgrade(asked) && isRefused && isTold && !/^\{"code":/.test(node.body);
  }),
  request(
    "H18 version 8",
    "a WebSocket handshake that is wrong",
    ({ asked, answers: { node }, refused }) => {
      return (
        has(asked, "sec-websocket-version", /^8$/) && node?.status === 101 && refused("klatch", 3)
      );
    },
  ),
  request(
    "H18 a body",
    "a request for a WebSocket that has a body",
    ({ asked, answers: { node }, refused }) => {
      return isUpgrade(asked) && asked.body && node?.status === 101 && refused("klatch", 3);
    },
  ),
  request(
    "E25",
    "a second WebSocket for a session that was opened by one",
    ({ asked, answers: { node }, klatch, past }) => {
      const nth = /sid=\{s(\d)\}/.exec(asked.query)?.[1];
      return (
        isUpgrade(asked) &&
        isOpenedByWebSocket(past, nth) &&
        node?.status === 101 &&
        klatch.lines[asked.line]?.[1]?.close === 1005
      );
    },
  ),
  request(
    "H18 polling",
    "an upgrade to another transport than WebSocket",
    ({ asked, answers: { node }, refused }) => {
      return (
        isUpgrade(asked) &&
        asked.query.includes("transport=polling") &&
        node?.status === 101 &&
        refused("klatch", 3)
      );
    },
  ),
  request(
    "H19",
    "an upgrade of another protocol version",
    ({ asked, answers: { node }, refused }) => {
      return isUpgrade(asked) && node?.status === 101 && refused("klatch", 5);
    },
  ),
  request("H20", "a request to another path", ({ asked, answers: { node, klatch } }) => {
    return isUpgrade(asked) && asked.path !== "/socket.io/" && !node && klatch?.status === 404;
  }),
  request("H20 the path", "the path", ({ asked, answers: { node, klatch } }) => {
    const below = asked.path?.startsWith("/socket.io/") && asked.path.length > 11;
    return below ? klatch?.status === 404 : asked.path === "/socket.io" && node?.status === 404;
  }),
  request(
    "H23",
    "a body announced as too long",
    ({ answers: { node, klatch } }) => !node && klatch?.status === 413,
  ),
  request("H24", "a body that is too long", ({ asked, node, klatch, answers }) => {
    return (
      answers.node?.status === 413 &&
      answers.klatch?.status === 413 &&
      !isGone(node.lines[asked.line]) &&
      isGone(klatch.lines[asked.line])
    );
  }),
  request(
    "refused before its body",
    "a request that is refused before its body is there",
    ({ asked, node, klatch, answers }) => {
      const isRefused = answers.node?.status === 400 && answers.klatch?.body === answers.node.body;
      return (
        asked.act === "raw" &&
        isRefused &&
        !isGone(node.lines[asked.line]) &&
        isGone(klatch.lines[asked.line])
      );
    },
  ),
  request("H26", "the head of a request; its body", ({ klatch }) => {
    return Object.values(klatch.lines)
      .flat()
      .some(({ status }) => status === 408);
  }),
  request(
    "H28",
    "a client that joins nothing and does not poll",
    ({ answers: { node }, refused }) => {
      return /\x1e?1$/.test(node?.body ?? "") && refused("klatch", 1);
    },
  ),
  request(
    "H29",
    "a compressed body",
    ({ asked, answers: { klatch } }) => has(asked, "content-encoding") && klatch?.status === 415,
  ),
];

function isGivenTwice(query = "") {
  const keys = query.split("&").map((pair) => pair.split("=")[0]);
  return ["EIO", "transport", "sid"].some((key) => keys.filter((one) => one === key).length > 1);
}

/** Whether a session's id came by WebSocket. */
function isOpenedByWebSocket({ lines }, nth) {
  const isOpening = ({ text, body }) => /^0\{"sid":/.test(text ?? body);
  return Object.values(lines).flat().filter(isOpening)[nth]?.text !== undefined;
}
