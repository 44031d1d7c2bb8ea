/** A source of random numbers that a seed repeats exactly. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, but not, 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  /** True in `share` of all calls. */
  chance(share: number): boolean {
    return this.next() < share
  }

  /** One of the things. */
  pick<T>(things: readonly T[]): T {
    const thing = things[this.integer(0, things.length - 1)]
    if (thing === undefined) throw new RangeError('there is nothing to pick from')
    return thing
  }
}
