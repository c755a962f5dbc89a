import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Chat } from "./client/chat";
import { readOptions } from "./options";
import { App } from "./ui/App";
import { ChatContext } from "./ui/context";
import "./styles/index.css";

const options = readOptions(location.search);
const chat = new Chat(options.transports);

// Back on the net: no reason to sit out the pause before the next attempt.
addEventListener("online", () => chat.tryNow());
document.addEventListener("visibilitychange", () => chat.looked());

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <ChatContext value={chat}>
      <App options={options} />
    </ChatContext>
  </StrictMode>,
);
