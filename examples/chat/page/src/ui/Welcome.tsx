import { SUGGESTED_ROOMS, tenantName } from "../options";
import { useChat, useChatState } from "./context";
import { Hash } from "./icons";

/** Nothing is open: what one could do. */
export function Welcome() {
  const chat = useChat();
  const me = useChatState((s) => s.me);
  const tenant = useChatState((s) => s.tenant);
  return (
    <main className="welcome">
      <div className="welcome-inner">
        <h1>Hello, {me?.nick}</h1>
        <p className="quiet">Where in {tenantName(tenant)} would you like to go?</p>
        <ul className="cards">
          {SUGGESTED_ROOMS.map((room) => (
            <li key={room.name}>
              <button className="card" onClick={() => chat.join(room.name)}>
                <Hash />
                <span>
                  <strong>{room.name}</strong>
                  <small>{room.about}</small>
                </span>
              </button>
            </li>
          ))}
        </ul>
        <p className="quiet">Or write to somebody in private: choose a name from the list.</p>
      </div>
    </main>
  );
}
