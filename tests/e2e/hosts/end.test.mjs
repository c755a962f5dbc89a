// How a host ends that is interrupted: its clients are told, and it has nothing to complain about.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../support/client.mjs";
import { ends, startHost, transports } from "../support/host.mjs";

describe("the end", { skip: !ends && "the host has no end but being killed" }, () => {
  for (const transport of transports) {
    it(`tells a client by ${transport}`, async () => {
      const server = await startHost();
      try {
        const dial = () => Client.dial(server.entry, "/", { version: "4.8", transport }).open();
        const client = await dial();
        if (transport === "upgrade") await client.upgraded();
        await client.settle();
        // While another one comes and goes, the poll of the first arrives. One that comes when the
        // host listens no more is refused, and that is another end.
        const other = await dial();
        const { id } = other;
        other.close();
        await server.printed(new RegExp(`user disconnected: ${id}`));
        const own = client.id;
        const [reason, ended] = await Promise.all([client.disconnected(), server.interrupt()]);
        assert.equal(reason, "transport close");
        assert.equal(ended, "it ended with 0", server.report());
        assert.match(server.output, new RegExp(`user disconnected: ${own} \\(server shutting down\\)`));
      } finally {
        await server.stop();
      }
    });
  }
});
