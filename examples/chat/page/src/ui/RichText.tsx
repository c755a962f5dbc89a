import { Fragment } from "react";

// Only http(s), and without what usually ends the sentence rather than the address.
const ADDRESS = /(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}])/g;

/** Text as it was written, with addresses one can follow. */
export function RichText({ text }: { text: string }) {
  // `split` with a group gives the addresses at the odd places.
  return text.split(ADDRESS).map((part, i) =>
    i % 2 === 1 ? (
      <a key={i} href={part} target="_blank" rel="noopener noreferrer">
        {part}
      </a>
    ) : (
      <Fragment key={i}>{part}</Fragment>
    ),
  );
}
