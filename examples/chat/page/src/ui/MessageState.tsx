import type { Message } from "../state/model";
import { useChat } from "./context";
import { Check, Clock, Warning } from "./icons";
import { clock } from "./time";

interface Props {
  conversation: string;
  message: Message;
  last: boolean;
}

/** What became of a message of ours. When all is well, only the last of several says so. */
export function MessageState({ conversation, message: m, last }: Props) {
  const chat = useChat();
  switch (m.status) {
    case "sent":
      return last ? (
        <p className="state">
          <time dateTime={new Date(m.at).toISOString()}>{clock(m.at)}</time>
          <Check />
          <span className="visually-hidden">Sent</span>
        </p>
      ) : null;
    case "sending":
      return (
        <p className="state">
          <Clock /> Sending
        </p>
      );
    case "held":
      return (
        <p className="state held">
          <Clock /> {m.why}
          <button
            className="link-button"
            data-testid="discard"
            onClick={() => chat.discard(conversation, m.key)}
          >
            Discard
          </button>
        </p>
      );
    case "failed":
      return (
        <p className="state failed" role="alert">
          <Warning /> <span data-testid="why">{m.why}</span>
          <button
            className="link-button"
            data-testid="retry"
            onClick={() => chat.retry(conversation, m.key)}
          >
            Try again
          </button>
          <button
            className="link-button"
            data-testid="discard"
            onClick={() => chat.discard(conversation, m.key)}
          >
            Discard
          </button>
        </p>
      );
    default:
      return null;
  }
}
