import { useState, type SubmitEvent } from "react";
import { TENANTS, type Options, type Tenant } from "../options";
import { LIMITS, length } from "../wire";
import { useChat, useChatState } from "./context";
import { Cup } from "./icons";

export function SignIn({ options }: { options: Options }) {
  const chat = useChat();
  const link = useChatState((s) => s.link);
  const [nick, setNick] = useState(options.nick);
  const [tenant, setTenant] = useState<Tenant>(options.tenant);

  const name = nick.trim();
  const tooLong = length(name) > LIMITS.nick;
  const busy = link.at === "connecting";
  const error = tooLong
    ? `A nickname has at most ${LIMITS.nick} characters`
    : link.at === "out"
      ? link.error
      : undefined;

  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (name && !tooLong && !busy) chat.signIn(tenant, name);
  }

  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={submit}>
        <Cup className="sign-in-mark" />
        <h1>Come in</h1>
        <p className="quiet">Pick a name and the place you belong to.</p>

        <label className="field">
          <span>Nickname</span>
          <input
            data-testid="nick"
            value={nick}
            onChange={(e) => setNick(e.target.value)}
            placeholder="ada"
            autoComplete="nickname"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            required
            disabled={busy}
            aria-invalid={error !== undefined}
            aria-describedby="sign-in-says"
          />
        </label>

        <fieldset className="field" disabled={busy}>
          <legend>Tenant</legend>
          <div className="choices">
            {TENANTS.map((t) => (
              <label key={t.id} className="choice">
                <input
                  type="radio"
                  name="tenant"
                  data-testid={`tenant-${t.id}`}
                  checked={tenant === t.id}
                  onChange={() => setTenant(t.id)}
                />
                <span>{t.name}</span>
              </label>
            ))}
          </div>
        </fieldset>

        <div id="sign-in-says" role="status" className="sign-in-says">
          {error !== undefined && (
            <p className="error" data-testid="sign-in-error">
              {error}
            </p>
          )}
          {busy && link.trouble !== undefined && (
            <p className="trouble" data-testid="sign-in-trouble">
              {link.trouble}. Trying again…
            </p>
          )}
        </div>

        {/* Keys: one and the same button, turned from "cancel" to "submit" by the click, would submit. */}
        {busy ? (
          <button
            key="cancel"
            type="button"
            className="button wide"
            data-testid="cancel"
            onClick={() => chat.signOut()}
          >
            Connecting… Cancel
          </button>
        ) : (
          <button
            key="sign-in"
            className="button primary wide"
            data-testid="sign-in"
            disabled={!name || tooLong}
          >
            Join the chat
          </button>
        )}
      </form>
    </main>
  );
}
