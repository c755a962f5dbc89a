// Arguments in a form that JSON carries whole, so that what two servers saw can be compared as text.

/** Whoever goes deeper overflows the stack. */
const DEPTH = 500;

/** What JSON cannot carry is an object with one key that begins with `$`; so is every object. */
export function plain(value, depth = 0) {
  const within = (value) => plain(value, depth + 1);
  if (value === undefined) return { $undefined: true };
  if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
  // JSON.stringify makes no difference of -0.
  if (value === 0) return 0;
  if (Buffer.isBuffer(value)) return { $bytes: value.toString("hex") };
  if (value === null || typeof value !== "object") return value;
  if (depth > DEPTH) return { $deep: true };
  if (Array.isArray(value)) return value.map(within);
  return { $object: Object.entries(value).map(([key, value]) => [key, within(value)]) };
}

/** The same of arguments as klatch's app tells them: raw JSON, and the attachments in hex. */
export function plainOf(json, attachments) {
  const bytes = attachments.map((hex) => Buffer.from(hex, "hex"));
  const place = (_, value) => (value?._placeholder === true ? bytes[value.num] : value);
  return plain(JSON.parse(json, bytes.length > 0 ? place : undefined));
}

/** A packet whose JSON is spelled as JavaScript spells it: klatch hands on what it was given as it stands. */
export function respelled(packet) {
  const start = packet.search(/[[{]/);
  if (!/^4[2356]/.test(packet) || start < 0) return packet;
  try {
    const json = Buffer.from(packet.slice(start), "latin1").toString("utf8");
    return packet.slice(0, start) + JSON.stringify(JSON.parse(json));
  } catch {
    return packet;
  }
}
