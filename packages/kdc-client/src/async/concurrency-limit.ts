import { FairQueue, type QueuePlace } from './fair-queue.js'
import { abortable } from './time-limit.js'

/** More wait than may. */
export class QueueFull extends Error {}

class Waiting {
  isAdmitted = false
  readonly turn: Promise<void>
  private settle: { readonly admit: () => void; readonly turnAway: (reason: Error) => void } | undefined

  constructor() {
    this.turn = new Promise((admit, turnAway) => (this.settle = { admit, turnAway }))
  }

  admit(): void {
    this.isAdmitted = true
    this.settle?.admit()
  }

  turnAway(): void {
    this.settle?.turnAway(new QueueFull())
  }
}

const NOBODY: QueuePlace = { kind: '', user: '' }

/** Lets so many through at a time; of the others, whose turn it is: users in turn, and of one in the order in which they came. */
export class Turnstile {
  private free: number
  private readonly mayWait: number
  private readonly waiting = new FairQueue<Waiting>()

  constructor(places: number, mayWait = Infinity) {
    this.free = places
    this.mayWait = mayWait
  }

  /** @throws QueueFull, and whatever the signal aborts with while it waits */
  async pass<T>(run: () => Promise<T>, signal: AbortSignal, place = NOBODY): Promise<T> {
    await this.enter(signal, place)
    try {
      return await run()
    } finally {
      this.leave()
    }
  }

  private async enter(signal: AbortSignal, place: QueuePlace): Promise<void> {
    signal.throwIfAborted()
    if (this.free > 0) {
      this.free--
      return
    }
    const self = new Waiting()
    this.wait(self, place)
    try {
      await abortable(self.turn, signal)
    } catch (error) {
      // Admitted in the same moment in which it gave up: the place goes to the next one.
      if (self.isAdmitted) this.leave()
      else this.waiting.remove(self, place)
      throw error
    }
  }

  /** When too many wait, whoever has most waiting gives way: it may be the newcomer. */
  private wait(self: Waiting, place: QueuePlace): void {
    this.waiting.add(self, place)
    if (this.waiting.size > this.mayWait) this.waiting.takeFromLongest()?.turnAway()
  }

  private leave(): void {
    const next = this.waiting.take()
    if (next === undefined) this.free++
    else next.admit()
  }
}
