import type { MemberCondition } from '../operation/operation.js'
import type { FarmMember, MemberOutcome } from './farm.js'

/** How a member is, without regard to draining. */
export type MemberHealth = Exclude<MemberCondition, 'draining'>

export interface MemberRules {
  /** How long a member rests that was not reached, milliseconds. */
  readonly retryTime: number
  /** So many failures in a row, and it is down. */
  readonly fall: number
  /** So many answers in a row, and it is up again. */
  readonly rise: number
}

/** What is known of one member: how it is, and how much is under way there. */
export class MemberState {
  readonly member: FarmMember
  /** Whether it gets no new users. */
  readonly draining: boolean
  readonly #rules: MemberRules
  readonly #now: () => number
  #underWay = 0
  #restsUntil = -Infinity
  #isDown = false
  /** Checks in a row that speak against the present state. */
  #against = 0

  constructor(member: FarmMember, draining: boolean, rules: MemberRules, now: () => number) {
    this.member = member
    this.draining = draining
    this.#rules = rules
    this.#now = now
  }

  get health(): MemberHealth {
    if (this.#isDown) return 'down'
    return this.#now() < this.#restsUntil ? 'resting' : 'up'
  }

  /** The number of requests that are under way there. */
  get underWay(): number {
    return this.#underWay
  }

  begun(): void {
    this.#underWay++
  }

  /**
   * Notes how a request has ended. A member that was not reached rests for a while; whether it is
   * down, only health checks decide.
   */
  ended(how: MemberOutcome): void {
    this.#underWay--
    if (how === 'unknown') return
    this.#restsUntil = how === 'answered' ? -Infinity : this.#now() + this.#rules.retryTime
  }

  /** Notes the result of a check. Returns whether the member went up or down by it. */
  checked(isWell: boolean): boolean {
    if (isWell) this.#restsUntil = -Infinity
    if (isWell !== this.#isDown) {
      this.#against = 0
      return false
    }
    if (++this.#against < (this.#isDown ? this.#rules.rise : this.#rules.fall)) return false
    this.#against = 0
    this.#isDown = !this.#isDown
    return true
  }
}
