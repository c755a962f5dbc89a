// A text with a few of its characters changed.

/** What means something to a parser on the way: of the payload, the packet, JSON or HTTP. */
const ALPHABET = [...'0123456789-,/[]{}":\\ .eEbu+_?&=#;\x1e\x00\n\r\x7f\x80\xc3\xff'];

export function mutated(lot, text, times = 1 + lot.below(3)) {
  return Array.from({ length: times }).reduce((so_far) => changed(lot, so_far), text);
}

function changed(lot, text) {
  const at = lot.below(text.length + 1);
  const [before, behind] = [text.slice(0, at), text.slice(at)];
  return lot.among(
    [3, () => before + behind.slice(1)],
    [4, () => before + lot.one(ALPHABET) + behind],
    [4, () => before + lot.one(ALPHABET) + behind.slice(1)],
    [1, () => before],
    [1, () => before + behind.slice(0, 1 + lot.below(4)) + behind],
    [1, () => behind + before],
  );
}
