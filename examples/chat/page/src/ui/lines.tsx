import type { Gap, Note } from "../state/model";
import { clock } from "./time";

export function NoteLine({ note }: { note: Note }) {
  return (
    <li className="note" data-testid="note">
      {note.text} <time dateTime={new Date(note.at).toISOString()}>{clock(note.at)}</time>
    </li>
  );
}

/** What others said in that time is not here, and it is better to know. */
export function GapLine({ gap }: { gap: Gap }) {
  return (
    <li className="gap" data-testid="gap" data-over={gap.to !== undefined}>
      <span>{wording(gap)}</span>
    </li>
  );
}

function wording({ from, to }: Gap): string {
  if (to === undefined) return `Not connected since ${clock(from)}`;
  if (clock(from) === clock(to)) return `Not connected for a moment, ${clock(from)}`;
  return `Not connected from ${clock(from)} to ${clock(to)}`;
}
