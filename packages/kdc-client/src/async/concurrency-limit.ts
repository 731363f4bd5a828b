import { FairQueue, type QueuePlace } from './fair-queue.js'
import { unlessAborted } from './time-limit.js'

/** The queue was full, and this operation had to leave it. */
export class QueueFull extends Error {}

class Waiting {
  isAdmitted = false
  readonly turn: Promise<void>
  #settle: { readonly admit: () => void; readonly turnAway: (reason: Error) => void } | undefined

  constructor() {
    this.turn = new Promise((admit, turnAway) => (this.#settle = { admit, turnAway }))
  }

  admit(): void {
    this.isAdmitted = true
    this.#settle?.admit()
  }

  turnAway(): void {
    this.#settle?.turnAway(new QueueFull())
  }
}

const NO_USER: QueuePlace = { kind: '', user: '' }

/**
 * Runs a limited number of operations at the same time. Further operations wait in a queue that is
 * fair between users (see `FairQueue`).
 */
export class ConcurrencyLimit {
  #free: number
  readonly #mayWait: number
  readonly #waiting = new FairQueue<Waiting>()

  /**
   * @param places operations that run at the same time
   * @param mayWait operations that wait at the same time
   */
  constructor(places: number, mayWait = Infinity) {
    this.#free = places
    this.#mayWait = mayWait
  }

  /** @throws QueueFull, and what the signal aborts with while the operation waits */
  async run<T>(operation: () => Promise<T>, signal: AbortSignal, place = NO_USER): Promise<T> {
    await this.#enter(signal, place)
    try {
      return await operation()
    } finally {
      this.#leave()
    }
  }

  async #enter(signal: AbortSignal, place: QueuePlace): Promise<void> {
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free--
      return
    }
    const self = new Waiting()
    this.#wait(self, place)
    try {
      await unlessAborted(self.turn, signal)
    } catch (error) {
      // Admitted and aborted in the same moment: the place goes to the next operation.
      if (self.isAdmitted) this.#leave()
      else this.#waiting.remove(self, place)
      throw error
    }
  }

  /** When the queue is too long, the user who has most operations in it loses the last one. */
  #wait(self: Waiting, place: QueuePlace): void {
    this.#waiting.add(self, place)
    if (this.#waiting.size > this.#mayWait) this.#waiting.takeFromLongest()?.turnAway()
  }

  #leave(): void {
    const next = this.#waiting.take()
    if (next === undefined) this.#free++
    else next.admit()
  }
}
