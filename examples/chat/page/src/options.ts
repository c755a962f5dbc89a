// What the address of the page presets: ?tenant=acme&nick=ada&transport=polling

export const TENANTS = [
  { id: "acme", name: "Acme" },
  { id: "globex", name: "Globex" },
] as const;

export type Tenant = (typeof TENANTS)[number]["id"];

export const SUGGESTED_ROOMS = [
  { name: "lobby", about: "Where everybody comes in" },
  { name: "kitchen", about: "Coffee, lunch and small talk" },
  { name: "garden", about: "A quiet place to think" },
] as const;

const TRANSPORTS = {
  polling: ["polling"],
  websocket: ["websocket"],
  // As the client does by itself: what works everywhere first, then what is better.
  upgrade: ["polling", "websocket"],
} as const;

export interface Options {
  tenant: Tenant;
  nick: string;
  transports: string[];
}

export function readOptions(search: string): Options {
  const query = new URLSearchParams(search);
  const tenant = TENANTS.find((t) => t.id === query.get("tenant"))?.id ?? "acme";
  const wanted = query.get("transport") ?? "upgrade";
  // Not `wanted in TRANSPORTS`: that would also find "toString".
  const mode = Object.hasOwn(TRANSPORTS, wanted) ? (wanted as keyof typeof TRANSPORTS) : "upgrade";
  return { tenant, nick: query.get("nick")?.trim() ?? "", transports: [...TRANSPORTS[mode]] };
}

export function tenantName(tenant: string): string {
  return TENANTS.find((t) => t.id === tenant)?.name ?? tenant;
}
