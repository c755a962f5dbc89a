import { useEffect, useState } from "react";
import { useChat, useChatState } from "./context";
import type { Link } from "../state/model";

const GOOD_NEWS_FOR = 6_000;

/** Says so when the connection is not what it should be, and when it is again. */
export function Banner() {
  const chat = useChat();
  const link = useChatState((s) => s.link);
  const [seen, setSeen] = useState<Link | null>(null);

  useEffect(() => {
    if (link.at !== "here" || !link.back) return;
    const timer = setTimeout(() => setSeen(link), GOOD_NEWS_FOR);
    return () => clearTimeout(timer);
  }, [link]);

  const says = seen === link ? null : wording(link);
  // The region stays: a screen reader announces what changes inside it.
  return (
    <div className="banner-region" role="status">
      {says && (
        <div className="banner" data-testid="banner" data-state={says.state}>
          <span className="banner-dot" aria-hidden="true" />
          <p>
            <strong>{says.title}</strong> {says.text}
          </p>
          {says.action && (
            <button className="button small" onClick={() => chat.tryNow()}>
              {says.action}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function wording(link: Link) {
  switch (link.at) {
    case "dropped":
      return {
        state: "dropped",
        title: "Connection lost.",
        text: "Trying to get it back. What you write now is sent then.",
        action: "Try now",
      };
    case "rejoining":
      return {
        state: "rejoining",
        title: "Connected again.",
        text: link.trouble ? `Waiting for your name: ${link.trouble}.` : "Going back to your rooms…",
      };
    case "closed":
      return { state: "closed", title: link.why + ".", text: "", action: "Connect again" };
    case "here":
      return link.back
        ? { state: "back", title: "You are back.", text: "What others said meanwhile is not shown." }
        : null;
    default:
      return null;
  }
}
