import { useEffect } from "react";
import { unreadTotal } from "../state/talk";
import { tenantName, type Options } from "../options";
import { useChatState } from "./context";
import { SignIn } from "./SignIn";
import { Workspace } from "./Workspace";

export function App({ options }: { options: Options }) {
  const signedIn = useChatState((s) => s.me !== null);
  const tenant = useChatState((s) => s.tenant);
  const unread = useChatState(unreadTotal);

  useEffect(() => {
    const place = signedIn ? `${tenantName(tenant)} · klatch` : "klatch";
    document.title = unread > 0 ? `(${unread}) ${place}` : place;
  }, [signedIn, tenant, unread]);

  return signedIn ? <Workspace /> : <SignIn options={options} />;
}
