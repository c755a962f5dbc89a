// What page and server say to each other. The server's side is `examples/chat`.

export interface Person {
  id: string;
  nick: string;
}

/** What the page asks the server, and what it gets if it is not refused. */
export interface Asks {
  hello: { send: { nick: string }; get: Person & { users: Person[] } };
  join: { send: string; get: { room: string; members: Person[] } };
  leave: { send: string; get: void };
  message: { send: { room: string; text: string; key: string }; get: Receipt };
  whisper: { send: { to: string; text: string; key: string }; get: Receipt };
}

export interface Receipt {
  id: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface Refusal {
  error: string;
}

/** What the server says by itself. */
export interface ServerEvents {
  arrived: (who: Person) => void;
  gone: (who: Person) => void;
  joined: (what: { room: string; user: Person }) => void;
  left: (what: { room: string; user: Person }) => void;
  typing: (what: { room: string; from: Person }) => void;
  message: (what: Receipt & { room: string; from: Person; text: string }) => void;
  whisper: (what: Receipt & { from: Person; text: string }) => void;
}

export const LIMITS = { nick: 32, room: 64, text: 2000 } as const;

/** Lengths are counted in characters, as the server counts them, not in UTF-16 units. */
export function length(text: string): number {
  let n = 0;
  for (const _ of text) n++;
  return n;
}
