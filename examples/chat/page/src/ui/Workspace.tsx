import { useEffect, useRef, useState } from "react";
import { Banner } from "./Banner";
import { ConversationView } from "./ConversationView";
import { useChatState } from "./context";
import { Members } from "./Members";
import { WIDE } from "./media";
import { Sidebar } from "./Sidebar";
import { Welcome } from "./Welcome";

export function Workspace() {
  const open = useChatState((s) => s.open);
  const conversation = useChatState((s) => (s.open === null ? undefined : s.conversations[s.open]));
  const [members, setMembers] = useState(() => matchMedia(WIDE).matches);
  useEffect(() => {
    const wide = matchMedia(WIDE);
    const onChange = () => setMembers(wide.matches);
    wide.addEventListener("change", onChange);
    return () => wide.removeEventListener("change", onChange);
  }, []);

  const live = useChatState((s) => s.link.at === "here");
  // What is written and not yet sent, by conversation.
  const drafts = useRef(new Map<string, string>()).current;
  const room = conversation?.kind === "room" ? conversation : undefined;

  // On a phone there is one thing at a time: the list, or the open conversation.
  return (
    <div className="workspace" data-open={conversation !== undefined} data-live={live}>
      <Banner />
      <Sidebar />
      {conversation && open !== null ? (
        <ConversationView
          key={open}
          id={open}
          conversation={conversation}
          drafts={drafts}
          membersShown={members}
          onMembers={() => setMembers(!members)}
        />
      ) : (
        <Welcome />
      )}
      {room && members && <Members room={room} onClose={() => setMembers(false)} />}
    </div>
  );
}
