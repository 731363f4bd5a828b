import { abortable } from './time-limit.js'

/**
 * Something that is got once for however many wait for it. It is aborted when the last one that waited has gone; as long as nobody has
 * waited, as in the background, it is not.
 */
export class Flight<T> {
  private readonly controller = new AbortController()
  private readonly result: Promise<T>
  private waiting = 0
  private hasLanded = false

  /** `keep` has it go on to its end, whoever goes. */
  constructor(run: (signal: AbortSignal, keep: () => void) => Promise<T>) {
    const keep = (): void => void this.waiting++
    this.result = run(this.controller.signal, keep).finally(() => (this.hasLanded = true))
    // Everybody may have gone by the time it fails.
    this.result.catch(() => {})
  }

  /** Nothing comes of it any more, so nobody should begin to wait. */
  get isAborted(): boolean {
    return this.controller.signal.aborted
  }

  /** @throws whatever it fails with, and whatever `signal` aborts with */
  async wait(signal?: AbortSignal): Promise<T> {
    this.waiting++
    try {
      return await abortable(this.result, signal)
    } finally {
      this.waiting--
      if (this.waiting === 0 && !this.hasLanded) this.controller.abort()
    }
  }
}
