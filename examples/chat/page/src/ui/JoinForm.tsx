import { useState, type SubmitEvent } from "react";
import { LIMITS, length } from "../wire";
import { useChat, useChatState } from "./context";

export function JoinForm() {
  const chat = useChat();
  const refused = useChatState((s) => s.joinError);
  const [text, setText] = useState("");
  // People write "#lobby" as often as "lobby".
  const name = text.trim().replace(/^#+/, "").trim();
  const tooLong = length(name) > LIMITS.room;
  const error = tooLong ? `A room name has at most ${LIMITS.room} characters` : refused;

  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!name || tooLong) return;
    chat.join(name);
    setText("");
  }

  return (
    <form className="join-form" onSubmit={submit}>
      <input
        data-testid="room-name"
        value={text}
        onChange={(e) => setText(e.target.value)}
        placeholder="Another room"
        aria-label="Name of another room"
        aria-invalid={tooLong}
        aria-describedby="join-says"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
      />
      <button className="button small" data-testid="room-join" disabled={!name || tooLong}>
        Join
      </button>
      <p id="join-says" role="status" className="error" data-testid="join-error">
        {error}
      </p>
    </form>
  );
}
