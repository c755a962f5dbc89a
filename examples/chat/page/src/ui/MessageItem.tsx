import { memo } from "react";
import type { Message } from "../state/model";
import { Avatar } from "./Avatar";
import { MessageState } from "./MessageState";
import { RichText } from "./RichText";
import { clock, dateAndTime } from "./time";

interface Props {
  conversation: string;
  message: Message;
  /** The first, the last of several by the same person. */
  first: boolean;
  last: boolean;
}

export const MessageItem = memo(function MessageItem({ conversation, message: m, first, last }: Props) {
  return (
    <li
      className="message"
      data-testid="message"
      data-status={m.status}
      data-mine={m.mine}
      data-nick={m.nick}
      data-first={first}
      data-last={last}
    >
      {!m.mine && first && <Avatar nick={m.nick} />}
      <div className="message-body">
        {first && (
          <p className={m.mine ? "visually-hidden" : "message-head"}>
            <strong>{m.mine ? "You" : m.nick}</strong>{" "}
            {!m.mine && (
              <time dateTime={new Date(m.at).toISOString()} title={dateAndTime(m.at)}>
                {clock(m.at)}
              </time>
            )}
          </p>
        )}
        <p className="bubble" data-testid="text">
          <RichText text={m.text} />
        </p>
        {m.mine && <MessageState conversation={conversation} message={m} last={last} />}
      </div>
    </li>
  );
});
