import { createContext, useContext, useSyncExternalStore } from "react";
import type { Chat } from "../client/chat";
import type { State } from "../state/model";

export const ChatContext = createContext<Chat | null>(null);

export function useChat(): Chat {
  const chat = useContext(ChatContext);
  if (!chat) throw new Error("no chat around this component");
  return chat;
}

/** A part of the state. It must be taken out, not made anew: React compares by identity. */
export function useChatState<T>(part: (s: State) => T): T {
  const { store } = useChat();
  return useSyncExternalStore(store.subscribe, () => part(store.get()));
}
