// A way to the server that holds back WebSocket connections until it is told to let them through.

import { connect, createServer } from "node:net";

export class Gate {
  #held = [];
  #open = false;
  #sockets = new Set();
  #listener;

  static async before(url) {
    const gate = new Gate();
    gate.#listener = createServer({ pauseOnConnect: true }, (client) => gate.#admit(client, url));
    await new Promise((done) => gate.#listener.listen(0, "127.0.0.1", done));
    gate.url = new URL(url);
    gate.url.port = gate.#listener.address().port;
    return gate;
  }

  /** From now on, and for those that wait. */
  release() {
    this.#open = true;
    for (const pass of this.#held.splice(0)) pass();
  }

  close() {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #admit(client, url) {
    const server = connect(url.port, url.hostname);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.end();
      });
    }
    client.once("data", (head) => {
      client.pause();
      const pass = () => {
        server.write(head);
        client.pipe(server);
        server.pipe(client);
      };
      if (/^upgrade: *websocket/im.test(head.toString("latin1")) && !this.#open) {
        this.#held.push(pass);
      } else {
        pass();
      }
    });
    client.resume();
  }
}
