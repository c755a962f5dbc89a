import { append, findMessage, removeMessage, setMessage } from "../state/talk";
import { idOf } from "../state/presence";
import type { Message, State } from "../state/model";
import type { Store } from "../state/store";
import type { Receipt } from "../wire";
import { newKey } from "./keys";
import type { Answer, Line } from "./line";

const DROPPED = "The connection dropped before this was confirmed";

/** Our own messages: on their way, or waiting for the connection, in the order they were written. */
export class Outbox {
  #held: { conversation: string; key: string }[] = [];

  constructor(
    private readonly store: Store<State>,
    private readonly line: () => Line | null,
  ) {}

  say(conversation: string, text: string): void {
    const { me } = this.store.get();
    if (!me) return;
    const key = newKey();
    this.store.update((s) =>
      append(s, conversation, {
        kind: "message",
        key,
        nick: me.nick,
        mine: true,
        text,
        at: Date.now(),
        status: "sending",
      }),
    );
    this.#post(conversation, key);
  }

  /** Says a failed message again: now, and so at the end. */
  retry(conversation: string, key: string): void {
    const message = findMessage(this.store.get(), conversation, key);
    if (message?.status !== "failed") return;
    this.store.update((s) =>
      append(removeMessage(s, conversation, key), conversation, { ...message, at: Date.now() }),
    );
    this.#post(conversation, key);
  }

  discard(conversation: string, key: string): void {
    this.#held = this.#held.filter((h) => h.key !== key);
    this.store.update((s) => removeMessage(s, conversation, key));
  }

  /** We are in our rooms (again), or somebody came: what waited for that may go. */
  flush(): void {
    const waiting = this.#held;
    this.#held = [];
    for (const { conversation, key } of waiting) {
      const s = this.store.get();
      const c = s.conversations[conversation];
      // After a restart of the server the others come back one by one, as we did.
      if (c?.kind === "private" && idOf(s, c.name) === undefined) {
        this.#hold(conversation, key, `Waits for ${c.name}`);
      } else {
        this.#transmit(conversation, key);
      }
    }
  }

  /** The connection is gone. `unsent` never left; of the others nobody knows. */
  dropped(unsent: Set<string>): void {
    for (const [id, c] of Object.entries(this.store.get().conversations)) {
      for (const e of c.entries) {
        if (e.kind !== "message" || e.status !== "sending") continue;
        if (unsent.has(e.key)) this.#hold(id, e.key);
        // Not said again by itself: it may have arrived, and then it would be there twice.
        else this.#mark(id, e.key, "failed", DROPPED);
      }
    }
  }

  clear(): void {
    this.#held = [];
  }

  #post(conversation: string, key: string): void {
    if (this.store.get().link.at === "here") this.#transmit(conversation, key);
    else this.#hold(conversation, key);
  }

  #hold(conversation: string, key: string, why = "Waits for the connection"): void {
    this.#mark(conversation, key, "held", why);
    this.#held.push({ conversation, key });
  }

  #transmit(id: string, key: string): void {
    const s = this.store.get();
    const line = this.line();
    const c = s.conversations[id];
    const message = findMessage(s, id, key);
    if (!line || !c || !message) return;
    const { text } = message;
    this.#mark(id, key, "sending");
    const done = (answer: Answer<Receipt>) => this.#settle(id, key, answer);
    if (c.kind === "room") line.ask("message", { room: c.name, text, key }, done);
    // Somebody who went has no id now; it is for the server to say so.
    else line.ask("whisper", { to: idOf(s, c.name) ?? c.peer, text, key }, done);
  }

  #settle(id: string, key: string, answer: Answer<Receipt>): void {
    const s = this.store.get();
    // A drop has already been dealt with.
    if (findMessage(s, id, key)?.status !== "sending") return;
    if (answer.ok) this.#mark(id, key, "sent", undefined, answer.value.at);
    else if (answer.why === "gone") this.#mark(id, key, "failed", `${id.slice(1)} is not here`);
    else this.#mark(id, key, "failed", answer.why);
  }

  #mark(id: string, key: string, status: Message["status"], why?: string, at?: number): void {
    this.store.update((s) =>
      setMessage(s, id, key, ({ why: _, ...m }) => ({
        ...m,
        status,
        at: at ?? m.at,
        ...(why !== undefined && { why }),
      })),
    );
  }
}
