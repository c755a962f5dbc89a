import { enteredRoom } from "../state/presence";
import { close, open, withConversation } from "../state/talk";
import { roomId, type Room, type State } from "../state/model";
import type { Store } from "../state/store";
import type { Line } from "./line";

/** The rooms we are in, want to be in, and want to be in again. */
export class Rooms {
  constructor(
    private readonly store: Store<State>,
    private readonly line: () => Line | null,
  ) {}

  join(name: string): void {
    const id = roomId(name);
    const s = this.store.get();
    if (s.conversations[id] && standing(s, name) !== "refused") {
      this.store.update((s) => open(s, id));
      return;
    }
    this.store.update((s) => open({ ...wanting(s, name), joinError: null }, id));
    // Otherwise it is joined together with the others, when we are back.
    if (s.link.at === "here") this.#ask(name, () => {});
  }

  leave(name: string): void {
    const id = roomId(name);
    const line = this.line();
    if (this.store.get().link.at !== "here" || !line) {
      this.store.update((s) => close(s, id));
      return;
    }
    // Until the server confirms it, messages for this room are still to be expected.
    this.#set(name, { standing: "leaving" });
    line.ask("leave", name, () => this.store.update((s) => close(s, id)));
  }

  /** The connection is gone: every room has to be joined anew. */
  dropped(): void {
    for (const room of this.#all()) {
      if (room.standing !== "leaving") this.#set(room.name, { standing: "joining" });
    }
  }

  /** Joins what there is to join, one by one, also what is added meanwhile. */
  joinAll(done: () => void): void {
    const next = this.#all().find((r) => r.standing === "joining");
    if (!next) done();
    else this.#ask(next.name, () => this.joinAll(done));
  }

  #ask(name: string, done: () => void): void {
    const line = this.line();
    line?.ask("join", name, (answer) => {
      if (answer.ok && standing(this.store.get(), name) === undefined) {
        // Given up while the question was under way.
        line.ask("leave", name, () => {});
      } else if (answer.ok) {
        this.store.update((s) => enteredRoom(s, name, answer.value.members));
      } else if (!line.socket.connected) {
        return; // It still stands as "joining": the next connection asks again.
      } else {
        this.#refused(name, answer.why);
      }
      done();
    });
  }

  #refused(name: string, why: string): void {
    const id = roomId(name);
    const c = this.store.get().conversations[id];
    // A room we never saw from inside is no loss; one with a history stays, and says why.
    if (c?.entries.length === 0) {
      this.store.update((s) => ({ ...close(s, id), joinError: why }));
    } else {
      this.#set(name, { standing: "refused", refusal: why });
    }
  }

  #set(name: string, change: Partial<Room>): void {
    this.store.update((s) =>
      withConversation(s, roomId(name), (c) => (c.kind === "room" ? { ...c, ...change } : c)),
    );
  }

  #all(): Room[] {
    return Object.values(this.store.get().conversations).filter((c) => c.kind === "room");
  }
}

function standing(s: State, name: string): Room["standing"] | undefined {
  const c = s.conversations[roomId(name)];
  return c?.kind === "room" ? c.standing : undefined;
}

function wanting(s: State, name: string): State {
  const id = roomId(name);
  const before = s.conversations[id];
  const room: Room =
    before?.kind === "room"
      ? { ...before, standing: "joining" }
      : { kind: "room", name, entries: [], unread: 0, standing: "joining", members: [], typing: [] };
  return { ...s, conversations: { ...s.conversations, [id]: room } };
}
