import { unlessAborted } from './time-limit.js'

/**
 * Runs an operation once for all callers that wait for its result.
 *
 * The operation is aborted when the last waiting caller gives up. An operation that no caller waits
 * for yet, such as a refresh in the background, goes on.
 */
export class SingleFlight<T> {
  readonly #controller = new AbortController()
  readonly #result: Promise<T>
  #waiting = 0
  #hasLanded = false

  /**
   * @param run is given `keep`: after a call of it, the operation ends even if all callers give up
   */
  constructor(run: (signal: AbortSignal, keep: () => void) => Promise<T>) {
    const keep = (): void => void this.#waiting++
    this.#result = run(this.#controller.signal, keep).finally(() => (this.#hasLanded = true))
    // All callers may have given up by the time it fails: the rejection must not end the process.
    this.#result.catch(() => {})
  }

  /** The operation was aborted: a new caller must not wait for it. */
  get isAborted(): boolean {
    return this.#controller.signal.aborted
  }

  /** @throws what the operation fails with, and what `signal` aborts with */
  async wait(signal?: AbortSignal): Promise<T> {
    this.#waiting++
    try {
      return await unlessAborted(this.#result, signal)
    } finally {
      this.#waiting--
      if (this.#waiting === 0 && !this.#hasLanded) this.#controller.abort()
    }
  }
}
