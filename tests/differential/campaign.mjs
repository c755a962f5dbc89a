// A run of the table and of random cases: what was played, which rules were used, what was not the same.

import { ALIKE } from "./differences/alike.mjs";
import { APART } from "./differences/apart.mjs";
import { ofSeed } from "./random/case.mjs";
import { told } from "./report.mjs";
import { shrink } from "./shrink.mjs";
import { SLOW, TABLE } from "./table/all.mjs";

/** Milliseconds, for the rows of SLOW: they are written for these. */
const SHORT = {
  PING_INTERVAL: "1500",
  PING_TIMEOUT: "1500",
  UPGRADE_TIMEOUT: "300",
  CONNECT_TIMEOUT: "1000",
};
/** How often a case with a difference is played: one that is not seen again may be a timer that was late. */
const ATTEMPTS = 3;
/** How many cases are played at once: most of its time one waits for the servers. */
const LANES = 4;
/** Differences of random cases that are told, until it is given up. */
const ENOUGH = 5;

export class Campaign {
  /** How often each rule allowed a difference. */
  used = new Map();
  /** Cases that have a difference that no rule allows. */
  differing = [];
  /** Cases that had one, and then had none. */
  unsteady = [];
  rules = { alike: ALIKE, apart: APART };
  #start;

  /** `start(settings)` starts both servers. */
  constructor(start) {
    this.#start = start;
  }

  /** Plays all rows whose names have `part` in them. */
  async rows(part = "") {
    const rows = TABLE.filter(({ name }) => name.includes(part));
    await this.#lanes((nth) => rows[nth]);
    await this.slowRows(part);
  }

  /** Those of them that wait for a timer. */
  async slowRows(part = "") {
    const slow = SLOW.filter(({ name }) => name.includes(part));
    // All at once would be late for their own timers, where servers take long to start.
    const lane = async () => {
      for (let row = slow.shift(); row; row = slow.shift()) await this.#slowly(row);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  /** The rules that no case has needed so far. */
  get stale() {
    return [...ALIKE, ...APART].filter((rule) => !this.used.has(rule));
  }

  /** Plays the cases of the seeds from `first` on, as long as `goesOn(played)`. */
  seeds(first, goesOn) {
    const known = this.differing.length;
    const isOn = (nth) => goesOn(nth) && this.differing.length < known + ENOUGH;
    return this.#lanes((nth) => (isOn(nth) ? ofSeed(first + nth) : undefined));
  }

  /** Plays cases until there is none any more; some at once, each lane with servers of its own. */
  async #lanes(caseOf) {
    let [played, whole] = [0, 0];
    const lane = async () => {
      const pair = await this.#start({});
      for (let next = caseOf(played); next; next = caseOf(played)) {
        played += 1;
        const isWhole = await this.#judge(pair, next);
        whole += Number(isWhole);
      }
      await pair.stop();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return { played, whole };
  }

  /** A row that waits for a timer has servers of its own, and each attempt has new ones. */
  async #slowly(row) {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const pair = await this.#start(SHORT);
      const { found } = await this.#play(pair, row.script);
      await pair.stop();
      if (!found) return;
      if (attempt === ATTEMPTS) this.#differs(row.name, found);
    }
  }

  /** Whether a case was the same on both sides, to its end. */
  async #judge(pair, { name, script, seed }) {
    const { found, isWhole } = await this.#play(pair, script);
    if (!found) return isWhole;
    const again = [];
    for (let attempt = 1; attempt < ATTEMPTS && again.length === 0; attempt += 1) {
      again.push(...[await pair.play(script, this.rules)].filter(Boolean));
    }
    if (again.length === 0) {
      this.unsteady.push(name);
      console.log(told(`${name}: seen once in ${ATTEMPTS} times`, found));
    } else {
      const plays = (shorter) => pair.play(shorter, this.rules);
      this.#differs(name, seed === undefined ? again[0] : await shrink(again[0], plays));
    }
    return false;
  }

  async #play(pair, script) {
    let isWhole = true;
    const found = await pair.play(script, this.rules, (rule) => {
      this.used.set(rule, (this.used.get(rule) ?? 0) + 1);
      isWhole &&= !rule.allows;
    });
    return { found, isWhole };
  }

  #differs(name, found) {
    this.differing.push(name);
    console.log(told(name, found));
  }
}
