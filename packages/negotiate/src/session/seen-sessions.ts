/**
 * More sessions than one process serves within the time after which an idle one ends; some ten
 * megabytes. Above it those are forgotten that were seen longest ago: what is open in one of them
 * may be closed too early, and its user shows the cookie again.
 */
const MAX_SEEN = 100_000

/** By clock: times of two clocks cannot be compared. */
const byClock = new WeakMap<() => number, SeenSessions>()

/**
 * Notes when each session had its last request, for what outlives requests, such as a WebSocket. A
 * cookie says so for the request that shows it, and for nothing else.
 */
export class SeenSessions {
  /** Milliseconds since the epoch; who was seen longest ago first. */
  readonly #seen = new Map<string, number>()

  /**
   * Returns what all negotiators with this clock share: a user may have a WebSocket at one of them,
   * and send requests to another.
   */
  static by(now: () => number): SeenSessions {
    const known = byClock.get(now)
    if (known !== undefined) return known
    const made = new SeenSessions()
    byClock.set(now, made)
    return made
  }

  /** How many sessions are kept. */
  get size(): number {
    return this.#seen.size
  }

  note(id: string, now: number): void {
    this.#seen.delete(id)
    this.#seen.set(id, now)
    if (this.#seen.size <= MAX_SEEN) return
    for (const oldest of this.#seen.keys()) {
      this.#seen.delete(oldest)
      return
    }
  }

  /** Returns when a session had its last request; undefined where none is known. */
  at(id: string): number | undefined {
    return this.#seen.get(id)
  }
}
