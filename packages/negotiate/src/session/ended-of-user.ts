import type { Session } from './session-revocation.js'

/**
 * Of one user. A person has a handful; who signs in and out by program, to fill the memory, ends
 * with it the other sessions of the same user alone.
 */
const MAX_OF_USER = 100

/**
 * The sessions of one user that have ended. Above the limit it is no longer known which they are:
 * then all have that began before.
 */
export class EndedOfUser {
  readonly #ids = new Map<string, number>()
  #allBefore = -Infinity
  #until = -Infinity

  /** How many are known by id. */
  get size(): number {
    return this.#ids.size
  }

  /** When the last of them would have ended by itself. */
  get until(): number {
    return this.#until
  }

  end(id: string, until: number, now: number): void {
    this.#until = Math.max(this.#until, until)
    if (this.#ids.size >= MAX_OF_USER) this.forgetExpired(now)
    if (this.#ids.size >= MAX_OF_USER) this.endAllBefore(now)
    this.#ids.set(id, until)
  }

  /** Ends all that began before, in place of knowing each. */
  endAllBefore(now: number): void {
    this.#ids.clear()
    this.#allBefore = now
  }

  has({ id, startedAt }: Pick<Session, 'id' | 'startedAt'>): boolean {
    return startedAt < this.#allBefore || this.#ids.has(id)
  }

  forgetExpired(now: number): void {
    for (const [id, until] of this.#ids) if (until <= now) this.#ids.delete(id)
  }
}
