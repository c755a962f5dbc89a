// All that the page shows, as plain immutable values.

import type { Person } from "../wire";

/** Where we stand with the server. */
export type Link =
  | { at: "out"; error?: string }
  | { at: "connecting"; trouble?: string }
  /** `back` on the way in from a drop: worth a word to the person at the screen. */
  | { at: "here"; back: boolean }
  | { at: "dropped" }
  | { at: "rejoining"; trouble?: string }
  /** The server sent us away: nothing happens until somebody asks for it. */
  | { at: "closed"; why: string };

/**
 * `held`: waits for the connection. `sending`: on its way. `sent`: the server confirmed it.
 * `failed`: refused, or the connection dropped before the confirmation came.
 */
export type Status = "held" | "sending" | "sent" | "failed" | "received";

export interface Message {
  kind: "message";
  key: string;
  nick: string;
  mine: boolean;
  text: string;
  at: number;
  status: Status;
  why?: string;
}

/** Somebody came or went. */
export interface Note {
  kind: "note";
  key: string;
  text: string;
  at: number;
}

/** A time we were not connected: what others said then is not here. */
export interface Gap {
  kind: "gap";
  key: string;
  from: number;
  to?: number;
}

export type Entry = Message | Note | Gap;

interface Common {
  name: string;
  entries: Entry[];
  unread: number;
}

export interface Room extends Common {
  kind: "room";
  standing: "joining" | "in" | "leaving" | "refused";
  refusal?: string;
  members: Person[];
  typing: Person[];
}

/** A conversation with one person. Ids change with every connection, so it goes by nickname. */
export interface Private extends Common {
  kind: "private";
  /** The id that person had last. */
  peer: string;
}

export type Conversation = Room | Private;

export interface State {
  link: Link;
  tenant: string;
  me: Person | null;
  transport: string | null;
  people: Person[];
  /** By `#room` and `@nick`, in the order they were opened. */
  conversations: Record<string, Conversation>;
  open: string | null;
  /** Why the last room could not be joined. */
  joinError: string | null;
}

export const EMPTY: State = {
  link: { at: "out" },
  tenant: "",
  me: null,
  transport: null,
  people: [],
  conversations: {},
  open: null,
  joinError: null,
};

export const roomId = (room: string) => `#${room}`;
export const privateId = (nick: string) => `@${nick}`;

/** A page that stays open for days must not grow for days. */
export const KEEP = 500;
