// The app `bench` on socket.io, with its defaults: the engine `ws`, no per-message deflate.
// It reads PORT (0: the system chooses); its JavaScript has one thread, whatever THREADS says.

import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http);

io.on("connection", (socket) => {
  socket.on("join", (room, ack) => {
    socket.data.room = room;
    socket.join(room);
    ack();
  });
  socket.on("msg", (payload) => {
    if (socket.data.room !== undefined) socket.to(socket.data.room).emit("msg", payload);
  });
  socket.on("echo", (payload) => socket.emit("echo", payload));
  socket.on("ack", (payload, ack) => ack(payload));
});

http.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${http.address().port}/socket.io/`);
  console.log("listening");
});
