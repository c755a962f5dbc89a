import { useCallback, useLayoutEffect, useRef, useState } from "react";
import type { Entry } from "../state/model";

const NEAR = 60;

/** Follows the conversation, unless one has scrolled up to read. One's own words always show. */
export function useStickToEnd(entries: Entry[]) {
  const ref = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const sticky = useRef(true);

  const toEnd = useCallback(() => {
    const log = ref.current;
    if (log) log.scrollTop = log.scrollHeight;
  }, []);

  const onScroll = useCallback(() => {
    const log = ref.current;
    if (!log) return;
    sticky.current = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    setAtEnd(sticky.current);
  }, []);

  const last = entries.at(-1);
  const mineLast = last?.kind === "message" && last.mine ? last.key : null;
  useLayoutEffect(() => {
    if (mineLast !== null) toEnd();
  }, [mineLast, toEnd]);

  useLayoutEffect(() => {
    if (sticky.current) toEnd();
  }, [entries, toEnd]);

  // The keyboard of a phone, or a composer that grows, takes height away.
  useLayoutEffect(() => {
    const log = ref.current;
    if (!log) return;
    const observer = new ResizeObserver(() => sticky.current && toEnd());
    observer.observe(log);
    return () => observer.disconnect();
  }, [toEnd]);

  return { ref, atEnd, onScroll, toEnd };
}
