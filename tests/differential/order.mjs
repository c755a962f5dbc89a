// The order of packets: those of different namespaces have none among each other.

/** Behind all namespaces. */
const NO_PACKET = "\uffff";

/** What came on a line, with the namespace of each; what is no packet comes last. */
export function byNamespace(items) {
  return [...namespaces(items)]
    .sort(([one], [other]) => (one < other ? -1 : Number(one > other)))
    .flatMap(([, group]) => group);
}

/** What came on a line, namespace by namespace. */
export function namespaces(items) {
  const groups = new Map();
  let key = "";
  for (const item of items) {
    const text = item.text ?? item.packet;
    const isAttachment = item.bytes !== undefined || item.packet?.startsWith("b");
    if (!isAttachment)
      key = text?.startsWith("4")
        ? `${/^4\d(?:\d+-)?(\/[^,]*)?/.exec(text)?.[1] ?? "/"}`
        : NO_PACKET;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}
