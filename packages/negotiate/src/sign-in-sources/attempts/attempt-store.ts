/** How many attempts a key has, and until when they count. */
export interface AttemptRule {
  /** What the key is of. All keys of a kind have one rule. */
  readonly kind: 'user' | 'address'
  /** How many attempts may fail. */
  readonly limit: number
  /** How long failed attempts count, milliseconds. */
  readonly window: number
  /**
   * From when the window runs. `last`: from the last failure, as a directory counts. `first`: from
   * the first attempt that counts.
   */
  readonly runsFrom: 'first' | 'last'
}

/** An attempt that may be made, or not. */
export type TakenAttempt =
  /** `takenAt` is for `settle`, milliseconds since the epoch. */
  | { readonly allowed: true; readonly takenAt: number }
  /** `retryAfter` says how long to wait, milliseconds. */
  | { readonly allowed: false; readonly retryAfter: number }

/**
 * Where attempts are counted. Instances that share a directory should share a store, since the
 * directory counts the failures of all. Keys are digests: a store sees no name.
 */
export interface AttemptStore {
  /**
   * Counts an attempt before it is made, unless the key has reached its limit; in one step, so that
   * attempts at the same time cannot pass together. An attempt that is not allowed does not count.
   */
  take(key: string, rule: AttemptRule): TakenAttempt | Promise<TakenAttempt>
  /**
   * Says how an attempt ended. `failed`: it counts on, and with `runsFrom: 'last'` the window of
   * the key begins now. `spared`: it does not count any more.
   */
  settle(key: string, rule: AttemptRule, takenAt: number, outcome: 'failed' | 'spared'): void | Promise<void>
}
