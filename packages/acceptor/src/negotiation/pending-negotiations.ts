import { ConfigurationError, RejectedTokenError } from '@s4u/krb5'
import type { AcceptOutcome, PendingNegotiation } from './accept-outcome.js'
import type { AcceptContext } from '../ap-req/accept-ap-req.js'

/** How long a client may think between two legs, milliseconds. */
const NEGOTIATION_TIME_LIMIT = 60_000

/** What becomes of the next token. */
export type Resume = (token: Uint8Array, context: AcceptContext) => Promise<AcceptOutcome>

/** Negotiations that wait for another token: each for one, of who holds it, and for a while. */
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

  /** @throws ConfigurationError for a negotiation of another acceptor */
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
