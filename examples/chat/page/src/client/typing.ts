import { typing } from "../state/presence";
import type { State } from "../state/model";
import type { Store } from "../state/store";
import type { Person } from "../wire";

/** Somebody who goes on typing says so this often at most… */
const SAY_EVERY = 2_000;
/** …and is believed for this long, so that one lost hint does not make the words flicker. */
const BELIEVE_FOR = 5_000;

/** "Somebody is typing": told sparingly, believed for a moment. */
export class Typing {
  #told = new Map<string, number>();
  #believed = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly store: Store<State>,
    private readonly tell: (room: string) => void,
  ) {}

  /** We changed what we are about to say. */
  wrote(room: string): void {
    const now = performance.now();
    if (now - (this.#told.get(room) ?? -Infinity) < SAY_EVERY) return;
    this.#told.set(room, now);
    this.tell(room);
  }

  /** We said it: the next letter is news again. */
  said(room: string): void {
    this.#told.delete(room);
  }

  heard(room: string, who: Person): void {
    this.#forget(room, who);
    this.#believed.set(slot(room, who), setTimeout(() => this.over(room, who), BELIEVE_FOR));
    this.store.update((s) => typing(s, room, who, true));
  }

  over(room: string, who: Person): void {
    this.#forget(room, who);
    this.store.update((s) => typing(s, room, who, false));
  }

  clear(): void {
    for (const timer of this.#believed.values()) clearTimeout(timer);
    this.#believed.clear();
    this.#told.clear();
  }

  #forget(room: string, who: Person): void {
    clearTimeout(this.#believed.get(slot(room, who)));
    this.#believed.delete(slot(room, who));
  }
}

const slot = (room: string, who: Person) => `${who.id} ${room}`;
