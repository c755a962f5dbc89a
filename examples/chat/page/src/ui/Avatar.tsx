import type { CSSProperties } from "react";

const segmenter = new Intl.Segmenter();

/** The same name has the same colour, everywhere and for everybody. */
function hue(nick: string): number {
  let h = 0x811c9dc5; // FNV-1a: short names differ in little, and shall not look alike.
  for (const c of nick) h = Math.imul(h ^ (c.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return ((h >>> 16) % 15) * 24;
}

export function Avatar({ nick, present }: { nick: string; present?: boolean }) {
  const [first] = segmenter.segment(nick);
  return (
    <span
      className="avatar"
      style={{ "--hue": hue(nick) } as CSSProperties}
      data-present={present}
      aria-hidden="true"
    >
      {first?.segment.toUpperCase()}
    </span>
  );
}
