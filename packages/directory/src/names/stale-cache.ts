/** How long an answer is handed out after it was got, while it is asked for again; milliseconds. */
const KEPT_FOR = 86_400_000

/** Some hundred octets each. Those that were asked for first go first. */
const MAX_ENTRIES = 100_000

interface Cached<V> {
  readonly value: V
  readonly gotAt: number
}

/** Keeps answers by key. An old answer is still returned, with the note that it is not fresh. */
export class StaleCache<V> {
  readonly #freshFor: number
  readonly #now: () => number
  readonly #entries = new Map<string, Cached<V>>()

  constructor(freshFor: number, now: () => number) {
    this.#freshFor = freshFor
    this.#now = now
  }

  /**
   * Returns the entry of a key; undefined without an entry. The value of an entry may be undefined
   * too.
   */
  get(key: string): { readonly value: V; readonly isFresh: boolean } | undefined {
    const cached = this.#entries.get(key)
    if (cached === undefined) return undefined
    const age = this.#now() - cached.gotAt
    // If the clock was set back, an entry must not stay fresh for longer.
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
