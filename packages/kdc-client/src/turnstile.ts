import { abortable } from './time-limit.js'

/** Lets so many through at a time; the others wait in the order in which they came. */
export class Turnstile {
  private free: number
  private readonly waiting: (() => void)[] = []

  constructor(places: number) {
    this.free = places
  }

  /** @throws whatever the signal aborts with, while it waits */
  async pass<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.enter(signal)
    try {
      return await run()
    } finally {
      this.leave()
    }
  }

  private async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.free > 0) {
      this.free--
      return
    }
    let admit = (): void => {}
    const turn = new Promise<void>((resolve) => (admit = resolve))
    this.waiting.push(admit)
    try {
      await abortable(turn, signal)
    } catch (error) {
      const index = this.waiting.indexOf(admit)
      // Admitted in the same moment in which it gave up: the place goes to the next one.
      if (index < 0) this.leave()
      else this.waiting.splice(index, 1)
      throw error
    }
  }

  private leave(): void {
    const next = this.waiting.shift()
    if (next === undefined) this.free++
    else next()
  }
}
