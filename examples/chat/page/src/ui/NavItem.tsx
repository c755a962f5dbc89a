import type { ReactNode } from "react";

interface Props {
  testid: string;
  icon: ReactNode;
  label: string;
  unread?: number;
  current: boolean;
  /** Not (yet) what it should be: shown paler. */
  busy?: boolean;
  onOpen: () => void;
}

export function NavItem({ testid, icon, label, unread = 0, current, busy = false, onOpen }: Props) {
  return (
    <li>
      <button
        className="nav-item"
        data-testid={testid}
        data-busy={busy}
        aria-current={current ? "page" : undefined}
        onClick={onOpen}
      >
        {icon}
        <span className="nav-label">{label}</span>
        {unread > 0 && (
          <span className="badge" data-testid="unread">
            {unread > 99 ? "99+" : unread}
            <span className="visually-hidden"> unread</span>
          </span>
        )}
      </button>
    </li>
  );
}
