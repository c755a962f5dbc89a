import type { Conversation } from "../state/model";
import { Composer } from "./Composer";
import { ConversationHead } from "./ConversationHead";
import { MessageLog } from "./MessageLog";
import { TypingLine } from "./TypingLine";
import { useChat } from "./context";

interface Props {
  id: string;
  conversation: Conversation;
  drafts: Map<string, string>;
  membersShown: boolean;
  onMembers: () => void;
}

export function ConversationView({ id, conversation, drafts, membersShown, onMembers }: Props) {
  const chat = useChat();
  const room = conversation.kind === "room" ? conversation : undefined;
  return (
    <main className="conversation" data-testid="conversation" data-id={id}>
      <ConversationHead conversation={conversation} membersShown={membersShown} onMembers={onMembers} />
      <MessageLog id={id} conversation={conversation} />
      {room?.standing === "refused" && (
        <p className="refusal" role="alert">
          You are not in this room: {room.refusal}
          <button className="button small" onClick={() => chat.join(room.name)}>
            Join again
          </button>
        </p>
      )}
      <TypingLine typing={room?.typing ?? []} />
      <Composer id={id} conversation={conversation} drafts={drafts} />
    </main>
  );
}
