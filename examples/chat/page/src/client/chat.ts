import { beginGap, endGap, open } from "../state/talk";
import { welcomed } from "../state/presence";
import { EMPTY, privateId, roomId, type Link, type State } from "../state/model";
import { Store } from "../state/store";
import type { Person } from "../wire";
import { listen, openPrivate, visible } from "./incoming";
import { Line } from "./line";
import { Outbox } from "./outbox";
import { Rooms } from "./rooms";
import { Typing } from "./typing";

/** How long to wait, at most, before asking again for a name that is still taken. */
const ASK_AGAIN_WITHIN = 8_000;

/** The chat as the page sees it: who we are, whether we are connected, and what we can do. */
export class Chat {
  readonly store = new Store<State>(EMPTY);
  #line: Line | null = null;
  #nick = "";
  #askAgain: ReturnType<typeof setTimeout> | undefined;
  #outbox = new Outbox(this.store, () => this.#line);
  #rooms = new Rooms(this.store, () => this.#line);
  #typing = new Typing(this.store, (room) => this.#line?.hint("typing", { room }));

  constructor(readonly transports: string[]) {}

  signIn(tenant: string, nick: string): void {
    this.signOut();
    this.#nick = nick;
    const line = new Line(tenant, this.transports, (transport) =>
      this.store.update((s) => ({ ...s, transport })),
    );
    this.#line = line;
    this.store.update(() => ({ ...EMPTY, tenant, link: { at: "connecting" } }));
    listen(line, this.store, this.#typing, () => {
      if (this.store.get().link.at === "here") this.#outbox.flush();
    });
    line.socket.on("connect", () => this.#connected(line));
    line.socket.on("disconnect", (reason) => this.#disconnected(line, reason));
    line.socket.on("connect_error", (error) => this.#notConnected(line, error));
    line.socket.connect();
  }

  signOut(error?: string): void {
    clearTimeout(this.#askAgain);
    const line = this.#line;
    this.#line = null;
    line?.close();
    this.#outbox.clear();
    this.#typing.clear();
    this.store.update(() => ({
      ...EMPTY,
      link: { at: "out", ...(error !== undefined && { error }) },
    }));
  }

  /** Somebody is tired of waiting. */
  tryNow(): void {
    if (this.store.get().link.at === "closed") this.#setLink({ at: "dropped" });
    if (this.#line && !this.#line.socket.connected) this.#line.restart();
  }

  join(room: string): void {
    this.#rooms.join(room);
  }

  leave(room: string): void {
    this.#typing.said(room);
    this.#rooms.leave(room);
  }

  open(id: string | null): void {
    this.store.update((s) => open(s, id));
  }

  openPrivate(who: Person): void {
    this.store.update((s) => open(openPrivate(s, who), privateId(who.nick)));
  }

  /** The page can be seen (again): what is open is read now. */
  looked(): void {
    if (visible()) this.store.update((s) => open(s, s.open));
  }

  say(conversation: string, text: string): void {
    if (conversation.startsWith(roomId(""))) this.#typing.said(conversation.slice(1));
    this.#outbox.say(conversation, text);
  }

  retry(conversation: string, key: string): void {
    this.#outbox.retry(conversation, key);
  }

  discard(conversation: string, key: string): void {
    this.#outbox.discard(conversation, key);
  }

  wrote(room: string): void {
    this.#typing.wrote(room);
  }

  #connected(line: Line): void {
    const back = this.store.get().me !== null;
    if (back) this.#setLink({ at: "rejoining" });
    this.#hello(line, back, 0);
  }

  #hello(line: Line, back: boolean, attempt: number): void {
    line.ask("hello", { nick: this.#nick }, (answer) => {
      if (answer.ok) {
        const { id, nick, users } = answer.value;
        this.#nick = nick;
        this.store.update((s) => welcomed(s, { id, nick }, users));
        this.#rooms.joinAll(() => this.#settled(back));
      } else if (!answer.refused) {
        // If there was no answer on a standing connection, only a new one gives a clean start.
        if (line.socket.connected) line.restart();
      } else if (!back) {
        this.signOut(answer.why);
      } else {
        // Most likely our own former connection, which the server has not yet given up.
        this.#setLink({ at: "rejoining", trouble: answer.why });
        const wait = Math.min(1_000 * 2 ** attempt, ASK_AGAIN_WITHIN);
        this.#askAgain = setTimeout(() => this.#hello(line, back, attempt + 1), wait);
      }
    });
  }

  #settled(back: boolean): void {
    this.store.update((s) => ({ ...endGap(s, Date.now()), link: { at: "here", back } }));
    this.#outbox.flush();
  }

  #disconnected(line: Line, reason: string): void {
    clearTimeout(this.#askAgain);
    const unsent = line.takeBack();
    const { me, link } = this.store.get();
    const dismissed = reason === "io server disconnect";
    if (!me) {
      if (dismissed) this.signOut("The server closed the connection");
      return;
    }
    // A drop on the way back is still the same gap.
    if (link.at === "here") this.store.update((s) => beginGap(s, Date.now()));
    this.#setLink(
      dismissed ? { at: "closed", why: "The server closed the connection" } : { at: "dropped" },
    );
    this.#outbox.dropped(unsent);
    this.#rooms.dropped();
    this.#typing.clear();
  }

  #notConnected(line: Line, error: Error): void {
    const { me } = this.store.get();
    // An active client tries again by itself; otherwise the server refused the namespace.
    if (line.socket.active) {
      if (!me) this.#setLink({ at: "connecting", trouble: "The server cannot be reached" });
    } else if (!me) {
      this.signOut(error.message);
    } else {
      this.#setLink({ at: "closed", why: error.message });
    }
  }

  #setLink(link: Link): void {
    this.store.update((s) => ({ ...s, link }));
  }
}
