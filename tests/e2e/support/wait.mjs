// Waiting without sleeping: for a promise with a deadline, for a condition that round trips decide.

/** `promise`, or an error that names `what` was waited for. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until the answer is accepted. */
export async function eventually(what, ask, accept, ms = 5_000) {
  const until = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (accept(answer)) return answer;
    if (Date.now() > until) {
      throw new Error(`waited ${ms} ms for ${what}; last answer: ${JSON.stringify(answer)}`);
    }
    await turn();
  }
}

/** Lets everything else that is ready run first. */
export const turn = () => new Promise((done) => setImmediate(done));
