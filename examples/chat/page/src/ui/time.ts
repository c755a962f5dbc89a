const short = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const long = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export const clock = (at: number) => short.format(at);
export const dateAndTime = (at: number) => long.format(at);
