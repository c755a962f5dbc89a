import { Avatar } from "./Avatar";
import { useChat, useChatState } from "./context";
import { Door } from "./icons";
import type { Link } from "../state/model";

const WORDS: Record<Link["at"], string> = {
  out: "Signed out",
  connecting: "Connecting",
  here: "Connected",
  dropped: "Offline",
  rejoining: "Rejoining",
  closed: "Closed",
};

/** Who we are here, and by which way. */
export function Me() {
  const chat = useChat();
  const me = useChatState((s) => s.me);
  const link = useChatState((s) => s.link);
  const transport = useChatState((s) => s.transport);
  return (
    <footer className="me">
      <Avatar nick={me?.nick ?? ""} />
      <div className="me-who">
        <strong data-testid="me">{me?.nick}</strong>
        <small data-testid="link" data-state={link.at}>
          <span className="link-dot" aria-hidden="true" />
          {WORDS[link.at]}
          {transport !== null && (
            <>
              {" · "}
              <span data-testid="transport">{transport}</span>
            </>
          )}
        </small>
      </div>
      <button
        className="icon-button"
        data-testid="sign-out"
        aria-label="Sign out"
        title="Sign out"
        onClick={() => chat.signOut()}
      >
        <Door />
      </button>
    </footer>
  );
}
