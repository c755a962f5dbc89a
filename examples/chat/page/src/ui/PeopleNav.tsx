import { tenantName } from "../options";
import { privateId, type Private } from "../state/model";
import { Avatar } from "./Avatar";
import { useChat, useChatState } from "./context";
import { NavItem } from "./NavItem";

/** Whom we talk to in private, and everybody else who is here. */
export function PeopleNav() {
  const chat = useChat();
  const open = useChatState((s) => s.open);
  const me = useChatState((s) => s.me);
  const tenant = useChatState((s) => s.tenant);
  const people = useChatState((s) => s.people);
  const conversations = useChatState((s) => s.conversations);
  const here = new Set(people.map((p) => p.nick));
  const talks = Object.values(conversations).filter((c): c is Private => c.kind === "private");
  const others = people.filter((p) => p.id !== me?.id);

  return (
    <>
      {talks.length > 0 && (
        <section className="nav-section" aria-labelledby="private-title">
          <h2 id="private-title">Private</h2>
          <ul>
            {talks.map((c) => (
              <NavItem
                key={c.name}
                testid={`private-${c.name}`}
                icon={<Avatar nick={c.name} present={here.has(c.name)} />}
                label={c.name}
                unread={c.unread}
                current={open === privateId(c.name)}
                onOpen={() => chat.open(privateId(c.name))}
              />
            ))}
          </ul>
        </section>
      )}
      <section className="nav-section" aria-labelledby="people-title">
        <h2 id="people-title">
          Also in {tenantName(tenant)} <span className="count">{others.length}</span>
        </h2>
        {others.length === 0 && <p className="nav-quiet">Nobody else yet</p>}
        <ul data-testid="people">
          {others.map((who) => (
            <NavItem
              key={who.id}
              testid={`person-${who.nick}`}
              icon={<Avatar nick={who.nick} present />}
              label={who.nick}
              current={false}
              onOpen={() => chat.openPrivate(who)}
            />
          ))}
        </ul>
      </section>
    </>
  );
}
