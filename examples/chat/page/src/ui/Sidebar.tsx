import { tenantName } from "../options";
import { useChat, useChatState } from "./context";
import { Cup } from "./icons";
import { Me } from "./Me";
import { PeopleNav } from "./PeopleNav";
import { RoomNav } from "./RoomNav";

export function Sidebar() {
  const chat = useChat();
  const tenant = useChatState((s) => s.tenant);
  return (
    <nav className="sidebar" aria-label="Conversations">
      <header className="sidebar-head">
        {/* Back to the start: the rooms on offer. */}
        <button className="home" onClick={() => chat.open(null)}>
          <Cup className="mark" />
          <span data-testid="tenant">{tenantName(tenant)}</span>
        </button>
      </header>
      <div className="sidebar-scroll">
        <RoomNav />
        <PeopleNav />
      </div>
      <Me />
    </nav>
  );
}
