import { useEffect, useRef } from "react";
import type { Room } from "../state/model";
import type { Person } from "../wire";
import { Avatar } from "./Avatar";
import { useChat, useChatState } from "./context";
import { Close } from "./icons";
import { isWide } from "./media";

/** Who is in this room. A column where there is space, a sheet over the room where there is none. */
export function Members({ room, onClose }: { room: Room; onClose: () => void }) {
  const chat = useChat();
  const me = useChatState((s) => s.me);
  const close = useRef<HTMLButtonElement>(null);

  // A sheet takes the focus, and gives it back.
  useEffect(() => {
    if (isWide()) return;
    const before = document.activeElement;
    close.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  function write(who: Person) {
    chat.openPrivate(who);
    if (!isWide()) onClose();
  }

  return (
    <>
      <div className="scrim" onClick={onClose} />
      <aside
        className="members"
        aria-labelledby="members-title"
        onKeyDown={(event) => event.key === "Escape" && onClose()}
      >
        <header className="members-head">
          <h2 id="members-title">
            In this room <span className="count">{room.members.length}</span>
          </h2>
          <button
            ref={close}
            className="icon-button"
            aria-label="Hide the people in this room"
            onClick={onClose}
          >
            <Close />
          </button>
        </header>
        <ul data-testid="members">
          {room.members.map((who) => (
            <li key={who.id} data-testid="member" data-nick={who.nick}>
              {who.id === me?.id ? (
                <span className="member">
                  <Avatar nick={who.nick} />
                  {who.nick} <small>you</small>
                </span>
              ) : (
                <button
                  className="member"
                  title={`Write to ${who.nick} in private`}
                  onClick={() => write(who)}
                >
                  <Avatar nick={who.nick} />
                  {who.nick}
                </button>
              )}
            </li>
          ))}
        </ul>
      </aside>
    </>
  );
}
