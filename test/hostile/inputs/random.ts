/**
 * A small generator (xorshift) whose run can be repeated from its seed. Nothing secret is made with
 * it.
 */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0 || 1
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return (x >>> 0) % limit
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]
  }
}
