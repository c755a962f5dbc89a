import { io, type Socket } from "socket.io-client";
import type { Asks, Refusal } from "../wire";

export type Answer<T> =
  | { ok: true; value: T }
  /** `refused`: the server said no. Otherwise nobody knows whether it ever heard of it. */
  | { ok: false; refused: boolean; why: string };

const ANSWER_WITHIN = 10_000;

/** The Socket.IO client, with questions that always come to an end. */
export class Line {
  readonly socket: Socket;

  constructor(tenant: string, transports: string[], onTransport: (name: string | null) => void) {
    this.socket = io(`/${tenant}`, { transports, forceNew: true, autoConnect: false });
    const manager = this.socket.io;
    manager.on("open", () => {
      const engine = manager.engine;
      onTransport(engine.transport.name);
      engine.on("upgrade", (transport) => onTransport(transport.name));
    });
    manager.on("close", () => onTransport(null));
  }

  ask<E extends keyof Asks>(
    event: E,
    what: Asks[E]["send"],
    done: (answer: Answer<Asks[E]["get"]>) => void,
  ): void {
    // A callback, not a promise: what the answer changes must be in place before the next
    // packet is looked at.
    this.socket.timeout(ANSWER_WITHIN).emit(event, what, (lost: Error | null, answer?: unknown) => {
      if (lost) done({ ok: false, refused: false, why: "The server did not answer" });
      else if (isRefusal(answer)) done({ ok: false, refused: true, why: answer.error });
      else done({ ok: true, value: answer as Asks[E]["get"] });
    });
  }

  /** Once on a connection that may lose it: the next one says it better. */
  hint(event: string, what: unknown): void {
    if (this.socket.connected) this.socket.volatile.emit(event, what);
  }

  /**
   * Takes back what the client kept for later, and tells which messages that were. The client
   * would send it at the moment it is connected again, before we had a chance to say hello.
   * (It keeps things although connected if it notices a missed heartbeat while emitting.)
   */
  takeBack(): Set<string> {
    const kept = this.socket.sendBuffer;
    this.socket.sendBuffer = [];
    const keys = kept.map((packet) => (packet.data as [string, { key?: string }?])[1]?.key);
    return new Set(keys.filter((key) => key !== undefined));
  }

  /** Connects now, whatever the client had in mind. */
  restart(): void {
    this.socket.disconnect();
    this.socket.connect();
  }

  close(): void {
    this.socket.off();
    this.socket.io.off();
    this.socket.disconnect();
  }
}

function isRefusal(answer: unknown): answer is Refusal {
  return (
    typeof answer === "object" &&
    answer !== null &&
    "error" in answer &&
    typeof answer.error === "string"
  );
}
