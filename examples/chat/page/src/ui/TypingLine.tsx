import type { Person } from "../wire";

/** Always as high as a line, so that nothing moves when somebody starts to type. */
export function TypingLine({ typing }: { typing: Person[] }) {
  return (
    <div className="typing">
      {typing.length > 0 && (
        <span data-testid="typing">
          <span className="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {wording(typing.map((p) => p.nick))}
        </span>
      )}
    </div>
  );
}

function wording(nicks: string[]): string {
  const [a, b] = nicks;
  if (nicks.length === 1) return `${a} is typing`;
  if (nicks.length === 2) return `${a} and ${b} are typing`;
  return `${nicks.length} people are typing`;
}
