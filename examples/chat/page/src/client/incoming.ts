import { arrived, gone, joined, left } from "../state/presence";
import { receive, withConversation } from "../state/talk";
import { privateId, roomId, type Message, type Private, type State } from "../state/model";
import type { Store } from "../state/store";
import type { Person, ServerEvents } from "../wire";
import { newKey } from "./keys";
import type { Line } from "./line";
import type { Typing } from "./typing";

/** What the server says by itself, into the state. */
export function listen(line: Line, store: Store<State>, typing: Typing, onArrived: () => void): void {
  const on = <E extends keyof ServerEvents>(event: E, handler: ServerEvents[E]) =>
    line.socket.on(event as string, handler);

  on("arrived", (who) => {
    store.update((s) => arrived(s, who));
    onArrived();
  });
  on("gone", (who) => store.update((s) => gone(s, who)));
  on("joined", ({ room, user }) => store.update((s) => joined(s, room, user, newKey(), Date.now())));
  on("left", ({ room, user }) => {
    typing.over(room, user);
    store.update((s) => left(s, room, user, newKey(), Date.now()));
  });
  on("typing", ({ room, from }) => typing.heard(room, from));

  on("message", ({ room, from, text, at }) => {
    const id = roomId(room);
    // Nobody should hear of a room they are not in. If it happens, do not hide it.
    if (!store.get().conversations[id]) return console.warn(`a message for ${id}, where we are not`);
    typing.over(room, from);
    store.update((s) => receive(s, id, heard(from, text, at), visible()));
  });

  on("whisper", ({ from, text, at }) => {
    const id = privateId(from.nick);
    store.update((s) => receive(openPrivate(s, from), id, heard(from, text, at), visible()));
  });
}

/** A conversation with this person, if there is none yet. */
export function openPrivate(s: State, who: Person): State {
  const id = privateId(who.nick);
  if (s.conversations[id]) {
    return withConversation(s, id, (c) => (c.kind === "private" ? { ...c, peer: who.id } : c));
  }
  const fresh: Private = { kind: "private", name: who.nick, peer: who.id, entries: [], unread: 0 };
  return { ...s, conversations: { ...s.conversations, [id]: fresh } };
}

// The key is our own: should the server say something twice, it shows twice.
function heard(from: Person, text: string, at: number): Message {
  return { kind: "message", key: newKey(), nick: from.nick, mine: false, text, at, status: "received" };
}

export const visible = () => document.visibilityState === "visible";
