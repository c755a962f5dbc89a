// Lots that follow from a seed.

export class Lot {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
    // Seeds that are near each other begin with numbers that are not.
    for (let turn = 0; turn < 3; turn += 1) this.#next();
  }

  /** Mulberry32, by Tommy Ettinger; in the public domain. */
  #next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  below(count) {
    return this.#next() % count;
  }

  /** True once in so many times. */
  once(times) {
    return this.below(times) === 0;
  }

  one(list) {
    return list[this.below(list.length)];
  }

  /** One of what functions give, each as often as the number before it says. */
  among(...weighed) {
    const all = weighed.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.below(all);
    return weighed.find(([weight]) => (left -= weight) < 0)[1]();
  }

  /** From `least` to `most` of what a function gives. */
  many(least, most, make) {
    return Array.from({ length: least + this.below(most - least + 1) }, () => make());
  }
}
