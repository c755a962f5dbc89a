// Who is here, as pure functions from state to state.

import type { Person } from "../wire";
import { append, withConversation } from "./talk";
import { privateId, roomId, type Room, type State } from "./model";

const byNick = (a: Person, b: Person) => a.nick.localeCompare(b.nick);

export function include(people: Person[], who: Person): Person[] {
  return [...people.filter((p) => p.id !== who.id), who].sort(byNick);
}

const exclude = (people: Person[], who: Person) => people.filter((p) => p.id !== who.id);

function withRoom(s: State, room: string, change: (r: Room) => Room): State {
  return withConversation(s, roomId(room), (c) => (c.kind === "room" ? change(c) : c));
}

/** The server knows us now, and this is everybody. */
export function welcomed(s: State, me: Person, users: Person[]): State {
  const people = users.reduce(include, [me]);
  return people.reduce(knowPeer, { ...s, me, people });
}

/** A conversation goes by nickname; remember which id that is today. */
function knowPeer(s: State, who: Person): State {
  return withConversation(s, privateId(who.nick), (c) =>
    c.kind === "private" ? { ...c, peer: who.id } : c,
  );
}

export function arrived(s: State, who: Person): State {
  return knowPeer({ ...s, people: include(s.people, who) }, who);
}

export function gone(s: State, who: Person): State {
  return { ...s, people: exclude(s.people, who) };
}

export function enteredRoom(s: State, room: string, members: Person[]): State {
  return withRoom(s, room, ({ refusal: _, ...r }) => ({
    ...r,
    standing: "in",
    members: members.reduce(include, []),
  }));
}

export function joined(s: State, room: string, who: Person, key: string, at: number): State {
  const there = withRoom(s, room, (r) => ({ ...r, members: include(r.members, who) }));
  return append(there, roomId(room), { kind: "note", key, text: `${who.nick} joined`, at });
}

export function left(s: State, room: string, who: Person, key: string, at: number): State {
  const id = roomId(room);
  const r = s.conversations[id];
  // Both `leave` and the end of a connection may report it; once is enough.
  if (r?.kind !== "room" || !r.members.some((p) => p.id === who.id)) return s;
  const without = withRoom(s, room, (c) => ({
    ...c,
    members: exclude(c.members, who),
    typing: exclude(c.typing, who),
  }));
  return append(without, id, { kind: "note", key, text: `${who.nick} left`, at });
}

export function typing(s: State, room: string, who: Person, on: boolean): State {
  return withRoom(s, room, (r) => {
    const was = r.typing.some((p) => p.id === who.id);
    if (was === on) return r;
    return { ...r, typing: on ? include(r.typing, who) : exclude(r.typing, who) };
  });
}

export function idOf(s: State, nick: string): string | undefined {
  return s.people.find((p) => p.nick === nick)?.id;
}
