import type { ReactNode } from "react";

// Drawn for this page, on a grid of 24. They only repeat what words next to them say.
function icon(children: ReactNode) {
  return function Icon({ className = "icon" }: { className?: string }) {
    return (
      <svg className={className} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
        {children}
      </svg>
    );
  };
}

export const Hash = icon(<path d="M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16" />);
export const Plus = icon(<path d="M12 5v14M5 12h14" />);
export const Back = icon(<path d="M15 5l-7 7 7 7" />);
export const Close = icon(<path d="M6 6l12 12M18 6 6 18" />);
export const Send = icon(<path d="M12 19V5M5.5 11.5 12 5l6.5 6.5" />);
export const Down = icon(<path d="M12 5v14M5.5 12.5 12 19l6.5-6.5" />);
export const Check = icon(<path d="M5 12.5l4.5 4.5L19 7.5" />);
export const Clock = icon(
  <>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 7.5V12l3 2" />
  </>,
);
export const Warning = icon(
  <>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 7.5v5.5M12 16.2v.1" />
  </>,
);
export const Lock = icon(
  <>
    <rect x="5.5" y="11" width="13" height="9" rx="2" />
    <path d="M8.5 11V8a3.5 3.5 0 0 1 7 0v3" />
  </>,
);
export const People = icon(
  <>
    <circle cx="9" cy="8.5" r="3.5" />
    <path d="M2.5 19.5a6.5 6.5 0 0 1 13 0M15.5 5.3a3.5 3.5 0 0 1 0 6.4M18 13.9a6.5 6.5 0 0 1 3.5 5.6" />
  </>,
);
export const Door = icon(
  <path d="M10 4H6.5A1.5 1.5 0 0 0 5 5.5v13A1.5 1.5 0 0 0 6.5 20H10M15 8l4 4-4 4M19 12H10" />,
);
export const Cup = icon(
  <>
    <path d="M4 10h12.5v5a5.5 5.5 0 0 1-5.5 5.5H9.5A5.5 5.5 0 0 1 4 15z" />
    <path d="M16.5 11.5h1.3a2.8 2.8 0 0 1 0 5.6h-1.6M8 6.5v-2M12.5 6.5v-2" />
  </>,
);
