/**
 * How long it is remembered that there was no answer: each request would else wait for the time
 * limit.
 */
const FAILURE_KEPT = 10_000

interface Kept<T> {
  readonly answer: Promise<{ readonly value: T; readonly until: number }>
  /** Until when it serves; infinite while it is being asked for. */
  until: number
  last: T | undefined
}

/**
 * Keeps answers until they end. What is asked for at the same time is asked once, and a failure is
 * kept for some seconds. The oldest make room.
 */
export class KeptAnswers<T> {
  readonly #kept = new Map<string, Kept<T>>()
  readonly #most: number
  readonly #now: () => number

  constructor(most: number, now: () => number) {
    this.#most = most
    this.#now = now
  }

  /** @param ask is given the answer before, where it is still known */
  async get(
    key: string,
    ask: (before: T | undefined) => Promise<{ readonly value: T; readonly until: number }>,
  ): Promise<T> {
    const known = this.#kept.get(key)
    if (known !== undefined && this.#now() < known.until) return (await known.answer).value
    const answer = ask(known?.last)
    const kept: Kept<T> = { answer, until: Infinity, last: known?.last }
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    this.#makeRoom()
    try {
      const { value, until } = await answer
      Object.assign(kept, { until, last: value })
      return value
    } catch (error) {
      kept.until = this.#now() + FAILURE_KEPT
      throw error
    }
  }

  #makeRoom(): void {
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) return
      this.#kept.delete(key)
    }
  }
}
