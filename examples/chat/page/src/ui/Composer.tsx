import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type SubmitEvent } from "react";
import type { Conversation } from "../state/model";
import { LIMITS, length } from "../wire";
import { useChat, useChatState } from "./context";
import { Send } from "./icons";
import { hasFinePointer } from "./media";

/** How close to the limit it becomes interesting. */
const COUNT_FROM = LIMITS.text - 200;

interface Props {
  id: string;
  conversation: Conversation;
  drafts: Map<string, string>;
}

export function Composer({ id, conversation: c, drafts }: Props) {
  const chat = useChat();
  const online = useChatState((s) => s.link.at === "here");
  const [text, setText] = useState(() => drafts.get(id) ?? "");
  const area = useRef<HTMLTextAreaElement>(null);
  const size = length(text.trim());
  const tooLong = size > LIMITS.text;
  const ready = size > 0 && !tooLong && !(c.kind === "room" && c.standing === "leaving");

  // Where a keyboard pops up by itself, one opens a conversation to read it first.
  useEffect(() => {
    if (hasFinePointer()) area.current?.focus();
  }, []);

  useLayoutEffect(() => {
    const el = area.current;
    if (!el) return;
    el.style.height = "auto";
    el.style.height = `${el.scrollHeight}px`;
  }, [text]);

  function change(value: string) {
    setText(value);
    drafts.set(id, value);
    if (c.kind === "room" && value.trim()) chat.wrote(c.name);
  }

  function send() {
    if (!ready) return;
    chat.say(id, text.trim());
    setText("");
    drafts.delete(id);
  }

  function submit(event: SubmitEvent) {
    event.preventDefault();
    send();
    area.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent) {
    // Enter also ends a composed character, and that is not the end of the message.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  }

  const to = c.kind === "room" ? `#${c.name}` : c.name;
  return (
    <form className="composer" onSubmit={submit} data-offline={!online}>
      <div className="composer-box">
        <textarea
          ref={area}
          data-testid="composer"
          rows={1}
          value={text}
          onChange={(e) => change(e.target.value)}
          onKeyDown={onKeyDown}
          placeholder={`Message ${to}`}
          aria-label={`Message ${to}`}
          aria-invalid={tooLong}
          aria-describedby="composer-count"
          enterKeyHint="send"
        />
        <button className="send" data-testid="send" aria-label="Send" title="Send" disabled={!ready}>
          <Send />
        </button>
      </div>
      <p id="composer-count" className="composer-count" role="status" data-over={tooLong}>
        {size >= COUNT_FROM && `${size} of ${LIMITS.text} characters`}
      </p>
    </form>
  );
}
