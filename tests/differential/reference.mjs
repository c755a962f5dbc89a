// The app `differential` on Node's socket.io: what it does is told in examples/apps/differential.rs.

import { createServer } from "node:http";
import { Server } from "socket.io";
import { plain } from "./plain.mjs";

const setting = (name, otherwise) => Number(process.env[name] ?? otherwise);

// A connection that is not used for five seconds would end, which they are where others use the machine.
const http = createServer({ keepAliveTimeout: 0 }, (_, answer) => answer.writeHead(404).end());
const io = new Server(http, {
  serveClient: false,
  cleanupEmptyChildNamespaces: true,
  pingInterval: setting("PING_INTERVAL", 25_000),
  pingTimeout: setting("PING_TIMEOUT", 20_000),
  upgradeTimeout: setting("UPGRADE_TIMEOUT", 10_000),
  connectTimeout: setting("CONNECT_TIMEOUT", 45_000),
  maxHttpBufferSize: setting("MAX_PAYLOAD", 100_000),
  cors: { origin: ["http://good.test"], credentials: true },
  allowRequest: (request, decide) => decide("Forbidden", !request._query.deny),
});

/** One line for whoever compares: what a handler saw. */
const tell = (seen) => console.log(JSON.stringify(seen));

io.engine.on("connection_error", ({ code, message }) => tell({ saw: "refused", code, message }));

const WAITING = [];

for (const name of ["/", "/other"]) register(io.of(name));
register(io.of(/^\/room-\d+$/));
const auth = io.of("/auth");
auth.use((socket, next) => {
  const { token } = socket.handshake.auth;
  if (token === "letmein") return next();
  next(Object.assign(new Error("unauthorized"), { data: { code: 401 } }));
});
register(auth);
const slow = io.of("/slow");
slow.use((_, next) => WAITING.push(next));
register(slow);

function register(namespace) {
  namespace.on("connection", (socket) => {
    const say = (saw, more) => tell({ nsp: socket.nsp.name, id: socket.id, saw, ...more });
    say("connect", { args: plain([socket.handshake.auth]) });
    socket.onAny((event, ...args) => {
      args = args.filter((arg) => typeof arg !== "function");
      say("event", { event: String(event), args: plain(args) });
    });
    // Without a listener it is printed.
    socket.on("error", () => {});
    socket.on("disconnecting", (reason) => {
      const rooms = [...socket.rooms].filter((room) => room !== socket.id).sort();
      say("disconnecting", { reason, rooms });
    });
    socket.on("disconnect", (reason) => say("disconnect", { reason }));
    for (const [event, act] of Object.entries(EVENTS)) {
      socket.on(event, (...args) => {
        const ack = typeof args.at(-1) === "function" ? args.pop() : undefined;
        act(socket, args, ack, say);
      });
    }
  });
}

const EVENTS = {
  echo: (socket, args, ack) => (ack ? ack(...args) : socket.emit("echo", ...args)),
  join: (socket, [room], ack) => {
    if (typeof room === "string") socket.join(room);
    ack?.();
  },
  leave: (socket, [room], ack) => {
    if (typeof room === "string") socket.leave(room);
    ack?.();
  },
  to: (socket, [room, ...args], ack) => {
    if (typeof room === "string") socket.to(room).emit("said", ...args);
    ack?.();
  },
  all: (socket, args, ack) => {
    socket.nsp.emit("said", ...args);
    ack?.();
  },
  ask: (socket, args, _, say) => {
    socket.emit("question", ...args, (...answers) => say("answer", { args: plain(answers) }));
  },
  bye: (socket) => socket.disconnect(),
  "bye-all": (socket) => socket.disconnect(true),
  close: (socket) => socket.conn.close(),
  release: () => WAITING.splice(0).forEach((next) => next()),
};

http.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${http.address().port}/socket.io/`);
  console.log("listening");
});
