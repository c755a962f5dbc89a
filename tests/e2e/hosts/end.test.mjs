// How a host ends that is told to: its clients hear of it and get what waits for them, and it has
// nothing to complain about.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../support/client.mjs";
import { ends, startHost, transports } from "../support/host.mjs";

const SIGNALS = ["SIGTERM", "SIGINT"];

describe("the end", { skip: !ends && "the host was not started here" }, () => {
  for (const transport of transports) {
    for (const signal of SIGNALS) {
      it(`tells a client by ${transport}, for ${signal}`, async () => {
        const server = await startHost();
        try {
          const dial = () => Client.dial(server.entry, "/", { version: "4.8", transport }).open();
          const client = await dial();
          if (transport === "upgrade") await client.upgraded();
          await client.settle();
          // While another one comes and goes, the poll of the first arrives. One that comes when a
          // host listens no more is refused, and that is another end.
          const other = await dial();
          const { id } = other;
          other.close();
          await server.printed(new RegExp(`user disconnected: ${id}`));
          const own = client.id;
          const [reason, ended] = await Promise.all([client.disconnected(), server.end(signal)]);
          assert.equal(reason, "transport close");
          assert.equal(ended, "it ended with 0", server.report());
          assert.match(server.output, new RegExp(`user disconnected: ${own} \\(server shutting down\\)`));
        } finally {
          await server.stop();
        }
      });
    }
  }

  it("leaves time for what waits", async () => {
    const server = await startHost();
    // Some hosts accept no connection any more when they are told to end, and polls want some.
    const transport = "websocket";
    try {
      const dial = () => Client.dial(server.entry, "/", { version: "4.8", transport }).open();
      const [sender, ...members] = await Promise.all([dial(), dial(), dial(), dial()]);
      for (const client of [sender, ...members]) await client.settle();
      // Acknowledged, it is queued for everybody else.
      const texts = Array.from({ length: 200 }, (_, n) => `${n} ${"x".repeat(5_000)}`);
      const asked = texts.map((text) => sender.asks("chat message", text));
      await Promise.all(asked);
      const [ended] = await Promise.all([
        server.end("SIGTERM"),
        ...members.map((member) => member.disconnected()),
      ]);
      assert.equal(ended, "it ended with 0", server.report());
      for (const member of members) {
        assert.deepEqual(member.got("chat message").map(([text]) => text), texts);
      }
    } finally {
      await server.stop();
    }
  });
});
