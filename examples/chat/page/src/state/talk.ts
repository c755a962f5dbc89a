// What happens to conversations, as pure functions from state to state.

import { KEEP, type Conversation, type Entry, type Message, type State } from "./model";

export function withConversation(
  s: State,
  id: string,
  change: (c: Conversation) => Conversation,
): State {
  const before = s.conversations[id];
  if (!before) return s;
  const after = change(before);
  return after === before ? s : { ...s, conversations: { ...s.conversations, [id]: after } };
}

function mapAll(s: State, change: (c: Conversation) => Conversation): State {
  const conversations: State["conversations"] = {};
  for (const [id, c] of Object.entries(s.conversations)) conversations[id] = change(c);
  return { ...s, conversations };
}

export function append(s: State, id: string, entry: Entry): State {
  return withConversation(s, id, (c) => ({ ...c, entries: [...c.entries, entry].slice(-KEEP) }));
}

/** Something was said to us. It counts as unread unless we are looking. */
export function receive(s: State, id: string, message: Message, visible: boolean): State {
  const seen = visible && s.open === id;
  return withConversation(append(s, id, message), id, (c) => ({
    ...c,
    unread: seen ? 0 : c.unread + 1,
  }));
}

export function setMessage(s: State, id: string, key: string, change: (m: Message) => Message): State {
  return withConversation(s, id, (c) => {
    const at = c.entries.findIndex((e) => e.kind === "message" && e.key === key);
    if (at < 0) return c;
    const entries = c.entries.with(at, change(c.entries[at] as Message));
    return { ...c, entries };
  });
}

export function findMessage(s: State, id: string, key: string): Message | undefined {
  return s.conversations[id]?.entries.find(
    (e): e is Message => e.kind === "message" && e.key === key,
  );
}

export function removeMessage(s: State, id: string, key: string): State {
  return withConversation(s, id, (c) => ({
    ...c,
    entries: c.entries.filter((e) => e.key !== key),
  }));
}

export function open(s: State, id: string | null): State {
  const opened = { ...s, open: id };
  return id === null ? opened : withConversation(opened, id, (c) => ({ ...c, unread: 0 }));
}

export function close(s: State, id: string): State {
  const { [id]: _, ...conversations } = s.conversations;
  return { ...s, conversations, open: s.open === id ? null : s.open };
}

/** The connection is gone, and with it who is where and who is typing. */
export function beginGap(s: State, at: number): State {
  return mapAll(s, (c) => {
    const entries: Entry[] = [...c.entries, { kind: "gap", key: `gap-${at}`, from: at }];
    return c.kind === "room" ? { ...c, entries, typing: [] } : { ...c, entries };
  });
}

export function endGap(s: State, at: number): State {
  return mapAll(s, (c) => ({
    ...c,
    entries: c.entries.map((e) => (e.kind === "gap" && e.to === undefined ? { ...e, to: at } : e)),
  }));
}

export function unreadTotal(s: State): number {
  return Object.values(s.conversations).reduce((sum, c) => sum + c.unread, 0);
}
