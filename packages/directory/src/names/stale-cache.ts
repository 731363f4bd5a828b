/** How long an answer is handed out after it was got, while it is asked for again; milliseconds. */
const KEPT_FOR = 86_400_000

/** Some hundred octets each. Those that were asked for first go first. */
const MAX_ENTRIES = 100_000

interface Cached<V> {
  readonly value: V
  readonly gotAt: number
}

/**
 * Answers by key. One that is not fresh any more is still handed out, and the caller is told to ask
 * again.
 */
export class StaleCache<V> {
  readonly #freshFor: number
  readonly #now: () => number
  readonly #entries = new Map<string, Cached<V>>()

  constructor(freshFor: number, now: () => number) {
    this.#freshFor = freshFor
    this.#now = now
  }

  /** Undefined where there is none; a value of undefined is one. */
  get(key: string): { readonly value: V; readonly isFresh: boolean } | undefined {
    const cached = this.#entries.get(key)
    if (cached === undefined) return undefined
    const age = this.#now() - cached.gotAt
    // A clock that was moved back makes nothing fresh for longer.
    if (age > KEPT_FOR || age < 0) return undefined
    return { value: cached.value, isFresh: age < this.#freshFor }
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, gotAt: this.#now() })
    if (this.#entries.size <= MAX_ENTRIES) return
    const [oldest] = this.#entries.keys()
    this.#entries.delete(oldest)
  }
}
