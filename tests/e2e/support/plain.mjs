// Values as tests compare them: binary of whatever class becomes one shape.

/** `value` with all binary in it shown as `{ bytes: hex }`, at any depth. */
export function plain(value) {
  if (value instanceof ArrayBuffer) return { bytes: Buffer.from(value).toString("hex") };
  if (ArrayBuffer.isView(value)) {
    return {
      bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex"),
    };
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}

/** What `plain` makes of these bytes. */
export const bytes = (...values) => plain(Buffer.from(values));
