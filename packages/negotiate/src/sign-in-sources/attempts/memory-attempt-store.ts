import { createHmac, randomBytes } from 'node:crypto'
import type { AttemptRule, AttemptStore, TakenAttempt } from './attempt-store.js'

export interface MemoryAttemptStoreOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/**
 * Counts attempts in the memory of one process, in tables of a fixed size (count-min sketch). A key
 * is counted in one cell of each row, and has the least count of its cells. Keys that share cells
 * add up, so a flood of made-up names makes counts too high, never too low: it cannot drive out
 * what is known of a name.
 *
 * @example
 * ```ts
 * import { createNegotiator, MemoryAttemptStore } from '@s4u/negotiate'
 * import { form } from '@s4u/sign-in'
 *
 * // Two negotiators of one process count the attempts at both.
 * const store = new MemoryAttemptStore()
 * const signIn = [form()]
 * const signInOptions = { attempts: { store } }
 * export const web = createNegotiator({ keytab: 'web.keytab', signIn, signInOptions })
 * export const api = createNegotiator({ keytab: 'api.keytab', signIn, signInOptions })
 * ```
 */
export class MemoryAttemptStore implements AttemptStore {
  readonly #now: () => number
  /** Otherwise an attacker could choose names that share the cells of another user. */
  readonly #secret = randomBytes(32)
  readonly #tables = new Map<AttemptRule['kind'], Table>()

  constructor({ now = Date.now }: MemoryAttemptStoreOptions = {}) {
    this.#now = now
  }

  take(key: string, rule: AttemptRule): TakenAttempt {
    const table = this.#tableOf(rule)
    const cells = this.#cellsOf(key)
    const now = this.#now()
    for (const cell of cells) if (table.since[cell] + rule.window <= now) table.counts[cell] = 0
    const full = cells.filter((cell) => table.counts[cell] >= rule.limit)
    if (full.length === cells.length) {
      const until = Math.min(...full.map((cell) => table.since[cell] + rule.window))
      return { allowed: false, retryAfter: until - now }
    }
    for (const cell of cells) {
      if (table.counts[cell] === 0) table.since[cell] = now
      if (table.counts[cell] < MAX_COUNT) table.counts[cell]++
    }
    return { allowed: true, takenAt: now }
  }

  settle(key: string, rule: AttemptRule, takenAt: number, outcome: 'failed' | 'spared'): void {
    const table = this.#tableOf(rule)
    const now = this.#now()
    for (const cell of this.#cellsOf(key)) {
      if (outcome === 'failed') {
        if (rule.runsFrom === 'last') table.since[cell] = now
      } else if (this.#stillCounts(table.since[cell], rule, takenAt) && table.counts[cell] > 0) {
        table.counts[cell]--
      }
    }
  }

  /** A window that has begun after an attempt does not count it. */
  #stillCounts(since: number, { runsFrom, window }: AttemptRule, takenAt: number): boolean {
    return runsFrom === 'last' ? takenAt + window > this.#now() : since <= takenAt
  }

  #tableOf({ kind }: AttemptRule): Table {
    let table = this.#tables.get(kind)
    if (table === undefined) {
      table = { counts: new Uint16Array(ROWS * COLUMNS), since: new Float64Array(ROWS * COLUMNS).fill(-Infinity) }
      this.#tables.set(kind, table)
    }
    return table
  }

  #cellsOf(key: string): readonly number[] {
    const digest = createHmac('sha256', this.#secret).update(key).digest()
    return Array.from({ length: ROWS }, (_, row) => row * COLUMNS + digest.readUInt16BE(row * 2))
  }
}

interface Table {
  readonly counts: Uint16Array
  /** When the window of each cell began. */
  readonly since: Float64Array
}

/** Two keys rarely share all four cells, before tens of thousands have failed in one window. */
const ROWS = 4
/** As many as two octets tell apart: 2.6 MB for both kinds of keys, written to when needed. */
const COLUMNS = 65_536
/** The highest count: a cell has 16 bits, and a user is kept away long before. */
const MAX_COUNT = 65_535
