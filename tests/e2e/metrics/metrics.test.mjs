// The page for Prometheus shows what clients did, number by number.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Client } from "../support/client.mjs";
import { startHost } from "../support/host.mjs";
import { eventually } from "../support/wait.mjs";

/** What the page shows: numbers by name and labels, and types by name. */
async function scrape(server) {
  const response = await fetch(new URL("/metrics", server.entry));
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /^text\/plain/);
  const lines = (await response.text()).split("\n");
  const numbers = lines.filter((line) => line && !line.startsWith("#")).map((line) => line.split(/ (?=[^ ]+$)/));
  const types = lines.filter((line) => line.startsWith("# TYPE ")).map((line) => line.split(" ").slice(2));
  return {
    types: Object.fromEntries(types),
    get: (name) => Number(Object.fromEntries(numbers)[name] ?? 0),
  };
}

describe("the page for Prometheus", () => {
  let server;
  before(async () => {
    server = await startHost();
  });
  after(() => server?.stop());

  it("shows what clients did", async () => {
    const dial = (transport) =>
      Client.dial(server.entry, "/", { version: "4.8", transport }).open();
    const [polling, websocket] = [await dial("polling"), await dial("websocket")];
    for (let n = 0; n < 5; n++) assert.equal(await websocket.ask("ask", n), n + 1);
    await polling.asks("join", "room");
    await websocket.asks("chat message", "x".repeat(10_000));
    await polling.take("chat message");

    const first = await eventually(
      "what was sent to be counted",
      () => scrape(server),
      (page) => page.get("klatch_queued_bytes") === 0,
    );
    assert.equal(first.get("klatch_connections"), 2);
    assert.equal(first.get('klatch_connections_opened_total{transport="polling"}'), 1);
    assert.equal(first.get('klatch_connections_opened_total{transport="websocket"}'), 1);
    assert.equal(first.get("klatch_sockets"), 2);
    assert.equal(first.get("klatch_namespaces"), 2);
    assert.equal(first.get("klatch_rooms"), 1);
    // Two CONNECTs and seven events; as many answers, and the message for the other.
    assert.equal(first.get("klatch_packets_received_total"), 9);
    assert.equal(first.get("klatch_packets_sent_total"), 10);
    assert.ok(first.get("klatch_bytes_received_total") > 10_000);
    assert.ok(first.get("klatch_bytes_sent_total") > 10_000);
    assert.equal(first.get("klatch_handler_seconds_count"), 9);
    assert.equal(first.get('klatch_limits_hit_total{limit="payload"}'), 0);

    // Too long a message ends its own connection.
    websocket.emit("chat message", "x".repeat(1_000_001));
    assert.equal(await websocket.disconnected(), "transport close");
    polling.close();
    const last = await eventually(
      "both to be gone",
      () => scrape(server),
      (page) => page.get("klatch_connections") === 0,
    );
    assert.equal(last.get('klatch_disconnects_total{reason="transport error"}'), 1);
    assert.equal(last.get('klatch_disconnects_total{reason="client namespace disconnect"}'), 1);
    assert.equal(last.get('klatch_limits_hit_total{limit="payload"}'), 1);
    assert.equal(last.get("klatch_sockets"), 0);
    assert.equal(last.get("klatch_rooms"), 0);
    assert.equal(last.get("klatch_handler_seconds_count"), 11);
  });

  it("says of which type each is", async () => {
    const { types } = await scrape(server);
    for (const [name, type] of Object.entries({
      klatch_connections: "gauge",
      klatch_namespaces: "gauge",
      klatch_sockets: "gauge",
      klatch_rooms: "gauge",
      klatch_queued_bytes: "gauge",
      klatch_handlers: "gauge",
      klatch_connections_opened_total: "counter",
      klatch_packets_received_total: "counter",
      klatch_packets_sent_total: "counter",
      klatch_packets_dropped_total: "counter",
      klatch_bytes_received_total: "counter",
      klatch_bytes_sent_total: "counter",
      klatch_disconnects_total: "counter",
      klatch_limits_hit_total: "counter",
      klatch_handler_seconds: "histogram",
    })) {
      assert.equal(types[name], type, name);
    }
  });
});
