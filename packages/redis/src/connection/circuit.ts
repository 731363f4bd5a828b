/** Asks Redis, and stops asking for a while after several questions in a row had no answer. */

import { RedisError, redisErrorOf } from './redis-error.js'
import { withinLimit } from './time-limit.js'

export interface CircuitOptions {
  /** How many questions in a row have no answer before the circuit opens. */
  readonly failures: number
  /** How long it stays open; milliseconds. */
  readonly pause: number
  /** The longest wait for an answer; milliseconds. */
  readonly timeLimit: number
  /** A clock that nobody sets; milliseconds. */
  readonly elapsed: () => number
  /** Called when the circuit opens or closes. */
  readonly onChange: (state: 'open' | 'closed', last?: RedisError) => void
}

/**
 * A time limit for each question, and a circuit breaker over all of them.
 *
 * The limit is ours because the clients do not keep one: with default options both wait for a
 * paused server for ever, and node-redis does not limit a command that it has sent. The circuit
 * keeps requests from waiting for the limit one by one. When the pause is over the next question is
 * asked as a trial, and what comes meanwhile waits for its outcome, so a Redis that is back refuses
 * no request.
 */
export class Circuit {
  readonly #options: CircuitOptions
  #failed = 0
  #openUntil: number | undefined
  #trial: Promise<boolean> | undefined

  constructor(options: CircuitOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#openUntil !== undefined
  }

  /** @throws RedisError, S4U_REDIS_UNREACHABLE also where Redis was not asked */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    if (this.#openUntil === undefined) return this.#askNow(question)
    if (this.#trial !== undefined) {
      if (await this.#trial) return this.#askNow(question)
      throw notAsked(this.#options)
    }
    if (this.#options.elapsed() < this.#openUntil) throw notAsked(this.#options)
    const answer = this.#askNow(question)
    this.#trial = answer.then(
      () => !this.isOpen,
      () => !this.isOpen,
    )
    try {
      return await answer
    } finally {
      this.#trial = undefined
    }
  }

  async #askNow<T>(question: () => Promise<T>): Promise<T> {
    try {
      const answer = await withinLimit(this.#options.timeLimit, question)
      this.#answered()
      return answer
    } catch (error) {
      const told = redisErrorOf(error)
      // A server that refuses is there, and nobody waits for it.
      if (told.code === 'S4U_REDIS_UNREACHABLE') this.#unanswered(told)
      else this.#answered()
      throw told
    }
  }

  #answered(): void {
    this.#failed = 0
    if (this.#openUntil === undefined) return
    this.#openUntil = undefined
    this.#options.onChange('closed')
  }

  #unanswered(last: RedisError): void {
    const { failures, pause, elapsed, onChange } = this.#options
    this.#failed++
    if (this.#failed < failures) return
    const wasOpen = this.isOpen
    this.#openUntil = elapsed() + pause
    if (!wasOpen) onChange('open', last)
  }
}

function notAsked({ failures }: CircuitOptions): RedisError {
  return new RedisError(`Redis is not asked for a while, after ${failures} questions without an answer`, {
    code: 'S4U_REDIS_UNREACHABLE',
  })
}
