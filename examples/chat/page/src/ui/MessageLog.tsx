import type { Conversation, Entry } from "../state/model";
import { GapLine, NoteLine } from "./lines";
import { Down } from "./icons";
import { MessageItem } from "./MessageItem";
import { useStickToEnd } from "./useStickToEnd";

/** Within this time, one person's messages belong together. */
const TOGETHER = 5 * 60_000;

export function MessageLog({ id, conversation: c }: { id: string; conversation: Conversation }) {
  const { ref, atEnd, onScroll, toEnd } = useStickToEnd(c.entries);
  const label = c.kind === "room" ? `Messages in ${c.name}` : `Messages with ${c.name}`;
  return (
    <div className="log-frame">
      {/* Focusable, so that it can be scrolled with the keyboard. */}
      <div className="log" role="log" aria-label={label} tabIndex={0} ref={ref} onScroll={onScroll}>
        {c.entries.length === 0 && <p className="log-empty">{emptyWords(c)}</p>}
        <ol>
          {c.entries.map((entry, i) => {
            if (entry.kind === "note") return <NoteLine key={entry.key} note={entry} />;
            if (entry.kind === "gap") return <GapLine key={entry.key} gap={entry} />;
            return (
              <MessageItem
                key={entry.key}
                conversation={id}
                message={entry}
                first={!together(c.entries[i - 1], entry)}
                last={!together(entry, c.entries[i + 1])}
              />
            );
          })}
        </ol>
      </div>
      {!atEnd && (
        <button className="to-end button small" onClick={toEnd}>
          <Down /> Latest
        </button>
      )}
    </div>
  );
}

function together(a: Entry | undefined, b: Entry | undefined): boolean {
  return (
    a?.kind === "message" &&
    b?.kind === "message" &&
    a.nick === b.nick &&
    a.mine === b.mine &&
    b.at - a.at < TOGETHER
  );
}

function emptyWords(c: Conversation): string {
  if (c.kind === "private") return `What you write here, only ${c.name} can read.`;
  return c.members.length > 1 ? "Nothing said since you came in." : "You are the first one here.";
}
