import type { Conversation } from "../state/model";
import { Avatar } from "./Avatar";
import { useChat, useChatState } from "./context";
import { Back, Hash, Lock, People } from "./icons";

interface Props {
  conversation: Conversation;
  membersShown: boolean;
  onMembers: () => void;
}

export function ConversationHead({ conversation: c, membersShown, onMembers }: Props) {
  const chat = useChat();
  const present = useChatState((s) => s.people.some((p) => p.nick === c.name));
  return (
    <header className="head">
      <button
        className="icon-button head-back"
        data-testid="back"
        aria-label="Back to the list"
        onClick={() => chat.open(null)}
      >
        <Back />
      </button>
      {c.kind === "room" ? (
        <>
          <h1>
            <Hash />
            {c.name}
          </h1>
          <span className="head-space" />
          <button
            className="button quiet-button"
            data-testid="show-members"
            aria-expanded={membersShown}
            aria-label={`People in this room: ${c.members.length}`}
            onClick={onMembers}
          >
            <People />
            {c.members.length}
          </button>
          <button
            className="button quiet-button"
            data-testid="leave"
            disabled={c.standing === "leaving"}
            onClick={() => chat.leave(c.name)}
          >
            Leave
          </button>
        </>
      ) : (
        <>
          <Avatar nick={c.name} present={present} />
          <h1>
            {c.name}
            <small data-testid="presence">
              <Lock /> {present ? "Private, only you two" : "Not here at the moment"}
            </small>
          </h1>
        </>
      )}
    </header>
  );
}
