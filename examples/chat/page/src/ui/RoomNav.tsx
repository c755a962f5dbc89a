import { SUGGESTED_ROOMS } from "../options";
import { roomId, type Room } from "../state/model";
import { useChat, useChatState } from "./context";
import { Hash, Plus } from "./icons";
import { JoinForm } from "./JoinForm";
import { NavItem } from "./NavItem";

export function RoomNav() {
  const chat = useChat();
  const open = useChatState((s) => s.open);
  const conversations = useChatState((s) => s.conversations);
  const rooms = Object.values(conversations).filter((c): c is Room => c.kind === "room");
  const suggested = SUGGESTED_ROOMS.filter((r) => !conversations[roomId(r.name)]);

  return (
    <section className="nav-section" aria-labelledby="rooms-title">
      <h2 id="rooms-title">Rooms</h2>
      <ul>
        {rooms.map((room) => (
          <NavItem
            key={room.name}
            testid={`room-${room.name}`}
            icon={<Hash />}
            label={room.name}
            unread={room.unread}
            current={open === roomId(room.name)}
            busy={room.standing !== "in"}
            onOpen={() => chat.open(roomId(room.name))}
          />
        ))}
        {suggested.map(({ name }) => (
          <li key={name}>
            <button
              className="nav-item offer"
              data-testid={`suggest-${name}`}
              onClick={() => chat.join(name)}
            >
              <Plus />
              <span className="nav-label">
                <span className="visually-hidden">Join </span>
                {name}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <JoinForm />
    </section>
  );
}
