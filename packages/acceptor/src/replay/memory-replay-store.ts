import { closeOptions, ConfigurationError, type OptionTableOf } from '@s4u/krb5'
import type { ReplayStore, ReplayVerdict } from './replay-store.js'

/** Options of `MemoryReplayStore`. */
export interface MemoryReplayStoreOptions {
  /**
   * How many digests may be held at once. Further tokens are refused, since a token whose digest is
   * dropped could be replayed. Default: 5,000,000, about 160 MB.
   */
  readonly maxEntries?: number
  /** The clock, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
}

const OPTIONS = { maxEntries: 'value', now: 'value' } as const satisfies OptionTableOf<MemoryReplayStoreOptions>

/**
 * A replay store in the memory of one process. An entry takes 16 octets of digest in a table that
 * is between half and three quarters full: 21 to 32 octets. There is one table for each slice of
 * expiry time, so that forgetting a slice means dropping its table.
 *
 * @example
 * ```ts
 * import { createAcceptor, MemoryReplayStore } from '@s4u/acceptor'
 *
 * const replayCache = new MemoryReplayStore({ maxEntries: 100_000 })
 * const acceptor = createAcceptor({ keytab: 'web.keytab', replayCache })
 * console.log(acceptor.principals, replayCache.size)
 * ```
 */
export class MemoryReplayStore implements ReplayStore {
  readonly #slices = new Map<number, DigestTable>()
  readonly #maxEntries: number
  readonly #now: () => number
  #size = 0
  /** All slices before this one are forgotten. It never moves back, even when the clock does. */
  #firstSlice = -Infinity

  /** @throws ConfigurationError */
  constructor(options?: MemoryReplayStoreOptions) {
    const { maxEntries = DEFAULT_MAX_ENTRIES, now = Date.now } = closeOptions('MemoryReplayStore', options, OPTIONS)
    if (!Number.isSafeInteger(maxEntries) || maxEntries < 1 || maxEntries > HIGHEST_MAX_ENTRIES) {
      throw new ConfigurationError(
        `maxEntries of the replay cache must be 1 to ${HIGHEST_MAX_ENTRIES}, not ${maxEntries}`,
      )
    }
    this.#maxEntries = maxEntries
    this.#now = now
  }

  /** How many entries are held now. */
  get size(): number {
    return this.#size
  }

  /** How many octets the tables take now. */
  get byteLength(): number {
    return [...this.#slices.values()].reduce((sum, table) => sum + table.byteLength, 0)
  }

  remember(digest: Uint8Array, expiresAt: number): ReplayVerdict {
    this.#forgetExpired()
    const slice = Math.floor(expiresAt / SLICE)
    // The digest may have been in a table that is dropped: a clock that was set back must not admit
    // old tokens.
    if (slice < this.#firstSlice) return 'seen'
    const table = this.#slices.get(slice)
    if (table?.has(digest)) return 'seen'
    if (this.#size >= this.#maxEntries) return 'full'
    this.#tableOf(slice, table).add(digest)
    this.#size++
    return 'fresh'
  }

  /** Returns whether a digest is held. Nothing is remembered or forgotten. */
  has(digest: Uint8Array, expiresAt: number): boolean {
    return this.#slices.get(Math.floor(expiresAt / SLICE))?.has(digest) ?? false
  }

  /** Forgets all digests. */
  clear(): void {
    this.#slices.clear()
    this.#size = 0
  }

  #tableOf(slice: number, table: DigestTable | undefined): DigestTable {
    if (table !== undefined) return table
    const created = new DigestTable()
    this.#slices.set(slice, created)
    return created
  }

  #forgetExpired(): void {
    const current = Math.floor(this.#now() / SLICE)
    if (current <= this.#firstSlice) return
    this.#firstSlice = current
    for (const [slice, table] of this.#slices) {
      if (slice >= current) continue
      this.#size -= table.size
      this.#slices.delete(slice)
    }
  }
}

/** Room for 10 minutes with 8,000 new tokens a second; at most 160 MB. */
const DEFAULT_MAX_ENTRIES = 5_000_000

/** The limit of `maxEntries`: a single slice must fit into one typed array. */
const HIGHEST_MAX_ENTRIES = 100_000_000

/**
 * The length of a slice, in milliseconds. It is short, so that a table stays small enough to be
 * enlarged within one request.
 */
const SLICE = 16_000

/**
 * The 128 bits of a digest that are kept, in 32-bit words. Among 5 million digests, two agree by
 * accident once in 10^25 times.
 */
const WORDS = 4
const FIRST_CAPACITY = 64
/**
 * The part of a table that is filled before it grows: with more, a look-up would have to pass many
 * entries.
 */
const MAX_LOAD = 0.75
/** With this factor and MAX_LOAD, a table is at least half full after it has grown. */
const GROWTH = 1.5

/**
 * A set of digests: open addressing with linear probing in one typed array. A first word of zero
 * marks a free slot.
 */
class DigestTable {
  size = 0
  #capacity = FIRST_CAPACITY
  #words = new Uint32Array(FIRST_CAPACITY * WORDS)
  readonly #digest = new Uint32Array(WORDS)
  /**
   * Secret, so that no client can choose authenticators that all begin to probe at the same slot.
   * Made with the table: some runtimes have no random numbers while modules are loaded.
   */
  readonly #seed = globalThis.crypto.getRandomValues(new Uint32Array(1))[0]

  get byteLength(): number {
    return this.#words.byteLength
  }

  has(digest: Uint8Array): boolean {
    return this.#words[this.#find(this.#read(digest))] !== 0
  }

  /** Adds a digest that is not in the table. */
  add(digest: Uint8Array): void {
    if (this.size >= this.#capacity * MAX_LOAD) this.#grow()
    const words = this.#read(digest)
    this.#words.set(words, this.#find(words))
    this.size++
  }

  /** Returns the position of the digest, or the free slot where it belongs. */
  #find(digest: Uint32Array): number {
    const words = this.#words
    const end = this.#capacity * WORDS
    let place = (this.#startOf(digest) % this.#capacity) * WORDS
    while (words[place] !== 0) {
      const same =
        words[place] === digest[0] &&
        words[place + 1] === digest[1] &&
        words[place + 2] === digest[2] &&
        words[place + 3] === digest[3]
      if (same) return place
      place += WORDS
      if (place === end) place = 0
    }
    return place
  }

  /** Returns the number of the slot where probing begins, before the capacity is applied. */
  #startOf(digest: Uint32Array): number {
    const seed = this.#seed
    const mixed = Math.imul(digest[1] ^ seed, 0x9e3779b1) + Math.imul(digest[2] ^ seed, 0x85ebca6b)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }

  #read(digest: Uint8Array): Uint32Array {
    for (let word = 0; word < WORDS; word++) {
      const at = word * 4
      this.#digest[word] = digest[at] | (digest[at + 1] << 8) | (digest[at + 2] << 16) | (digest[at + 3] << 24)
    }
    if (this.#digest[0] === 0) this.#digest[0] = 1
    return this.#digest
  }

  #grow(): void {
    const old = this.#words
    this.#capacity = Math.ceil(this.#capacity * GROWTH)
    this.#words = new Uint32Array(this.#capacity * WORDS)
    for (let place = 0; place < old.length; place += WORDS) {
      if (old[place] === 0) continue
      const digest = old.subarray(place, place + WORDS)
      this.#words.set(digest, this.#find(digest))
    }
  }
}
