/** Where who is in the room has a column of its own (see members.css). */
export const WIDE = "(min-width: 68rem)";

export const isWide = () => matchMedia(WIDE).matches;

/** Where no keyboard pops up over what one is about to read. */
export const hasFinePointer = () => matchMedia("(pointer: fine)").matches;
