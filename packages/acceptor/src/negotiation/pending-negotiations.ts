import { ConfigurationError, RejectedTokenError } from '@s4u/krb5'
import type { AcceptOutcome, PendingNegotiation } from './accept-outcome.js'
import type { AcceptContext } from '../ap-req/accept-ap-req.js'

/** How long a client may take between two tokens, in milliseconds. */
const NEGOTIATION_TIME_LIMIT = 60_000

/** Handles the client's next token. */
export type Resume = (token: Uint8Array, context: AcceptContext) => Promise<AcceptOutcome>

/**
 * Keeps the negotiations that wait for another token. Each can be taken once, by the caller that
 * holds its `PendingNegotiation`, and within the time limit.
 */
export class PendingNegotiations {
  readonly #waiting = new WeakMap<PendingNegotiation, Resume | 'used'>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  keep(next: Resume): PendingNegotiation {
    const negotiation = Object.freeze({ expiresAt: this.#now() + NEGOTIATION_TIME_LIMIT })
    this.#waiting.set(negotiation, next)
    return negotiation
  }

  /**
   * Returns what handles the next token; a handler that refuses if the negotiation was used before
   * or took too long.
   * @throws ConfigurationError for a negotiation of another acceptor
   */
  take(negotiation: PendingNegotiation): Resume {
    const resume = this.#waiting.get(negotiation)
    if (resume === undefined) throw new ConfigurationError('negotiation was not made by this acceptor')
    this.#waiting.set(negotiation, 'used')
    const expired = this.#now() > negotiation.expiresAt
    if (resume !== 'used' && !expired) return resume
    return async () => {
      const why = expired ? 'the negotiation took too long' : 'the negotiation had its next token already'
      throw new RejectedTokenError(why, { code: 'GSS_S_NO_CONTEXT' })
    }
  }
}
