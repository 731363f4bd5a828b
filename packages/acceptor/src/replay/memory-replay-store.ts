import { closeOptions, ConfigurationError, type OptionTableOf } from '@s4u/krb5'
import type { ReplayStore, ReplayVerdict } from './replay-store.js'

export interface MemoryReplayStoreOptions {
  /**
   * Digests that may be held at once; more are refused, since forgetting one would let it be
   * replayed. Default 5 million.
   */
  readonly maxEntries?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

const OPTIONS = { maxEntries: 'value', now: 'value' } as const satisfies OptionTableOf<MemoryReplayStoreOptions>

/**
 * A replay store for one process. An entry takes 16 octets of digest in a table that is between
 * half and three quarters full: 21 to 32 octets. Entries lie in one table for each slice of expiry
 * time, so that forgetting is dropping a table.
 */
export class MemoryReplayStore implements ReplayStore {
  readonly #slices = new Map<number, DigestTable>()
  readonly #maxEntries: number
  readonly #now: () => number
  #size = 0
  /** Every slice before this one has been forgotten. Never moves back, even when the clock does. */
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

  /** Entries that are held now. */
  get size(): number {
    return this.#size
  }

  /** Octets that the tables take now. */
  get byteLength(): number {
    return [...this.#slices.values()].reduce((sum, table) => sum + table.byteLength, 0)
  }

  remember(digest: Uint8Array, expiresAt: number): ReplayVerdict {
    this.#forgetExpired()
    const slice = Math.floor(expiresAt / SLICE)
    // It may have been in a table that is gone: a clock that was set back must not open the door to
    // old tokens.
    if (slice < this.#firstSlice) return 'seen'
    const table = this.#slices.get(slice)
    if (table?.has(digest)) return 'seen'
    if (this.#size >= this.#maxEntries) return 'full'
    this.#tableOf(slice, table).add(digest)
    this.#size++
    return 'fresh'
  }

  /** Whether it is held; nothing is remembered or forgotten. */
  has(digest: Uint8Array, expiresAt: number): boolean {
    return this.#slices.get(Math.floor(expiresAt / SLICE))?.has(digest) ?? false
  }

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

/** Room for 10 minutes at 8,000 new tokens a second; 160 MB at most. */
const DEFAULT_MAX_ENTRIES = 5_000_000

/** A single slice must fit into one typed array. */
const HIGHEST_MAX_ENTRIES = 100_000_000

/** Milliseconds. Short, so that a table stays small enough to be enlarged within one request. */
const SLICE = 16_000

/**
 * The 128 bits of a digest that are kept, as 32-bit words. Two of 5 million agree by accident once
 * in 10^25.
 */
const WORDS = 4
const FIRST_CAPACITY = 64
const MAX_LOAD = 0.75
/** With this and MAX_LOAD a table is at least half full after it has grown. */
const GROWTH = 1.5

/**
 * A set of digests: open addressing with linear probing in one typed array. A first word of zero
 * marks a free place.
 */
class DigestTable {
  size = 0
  #capacity = FIRST_CAPACITY
  #words = new Uint32Array(FIRST_CAPACITY * WORDS)
  readonly #digest = new Uint32Array(WORDS)

  get byteLength(): number {
    return this.#words.byteLength
  }

  has(digest: Uint8Array): boolean {
    return this.#words[this.#find(this.#read(digest))] !== 0
  }

  /** Adds a digest that is not there. */
  add(digest: Uint8Array): void {
    if (this.size >= this.#capacity * MAX_LOAD) this.#grow()
    const words = this.#read(digest)
    this.#words.set(words, this.#find(words))
    this.size++
  }

  /** Where the digest stands, or the free place where it would. */
  #find(digest: Uint32Array): number {
    const words = this.#words
    const end = this.#capacity * WORDS
    let place = (startOf(digest) % this.#capacity) * WORDS
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

/**
 * Secret, so that no client can choose authenticators that all begin to probe at the same place.
 */
const [seed] = globalThis.crypto.getRandomValues(new Uint32Array(1))

function startOf(digest: Uint32Array): number {
  const mixed = Math.imul(digest[1] ^ seed, 0x9e3779b1) + Math.imul(digest[2] ^ seed, 0x85ebca6b)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
