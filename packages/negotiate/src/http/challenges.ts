import { formatChallenge } from '@s4u/gssapi'
import type { S4uError } from '@s4u/kdc-client'
import type { ChallengeBody, ChallengeReason, NegotiatorOptions } from '../negotiator-options.js'
import type { Challenge, NegotiableRequest } from '../authenticate/outcome.js'

/**
 * Makes the answers to callers who are not authenticated. None says why: reasons are for the log.
 */
export class Challenges {
  readonly #options: NegotiatorOptions

  constructor(options: NegotiatorOptions) {
    this.#options = options
  }

  /** Nobody has tried yet. */
  first(request: NegotiableRequest): Challenge {
    return this.#make(request, { kind: 'no-token' }, 401, [formatChallenge()])
  }

  /** The next leg: only Negotiate, or the client might take another turn. */
  next(reply: Uint8Array): Challenge {
    const { type, body } = this.#body({ kind: 'continue' })
    const headers = { 'Content-Type': type, 'WWW-Authenticate': formatChallenge(reply) }
    return { status: 'challenge', statusCode: 401, headers, body }
  }

  refused(request: NegotiableRequest, error: S4uError, statusCode: 400 | 401 | 503, reply?: Uint8Array): Challenge {
    if (statusCode === 503) {
      const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '5' }
      return { status: 'challenge', statusCode, headers, body: 'Try again in a moment.\n', error }
    }
    const { negotiateOnce = false } = this.#options
    const again = negotiateOnce ? [] : [formatChallenge(reply)]
    return { ...this.#make(request, { kind: 'refused', code: error.code }, statusCode, again), error }
  }

  /** Not a challenge to authenticate: a browser would do so, and ask again in its user's name. */
  otherSite(error: S4uError): Challenge {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8' }
    return { status: 'challenge', statusCode: 403, headers, body: 'A page of another site sent this request.\n', error }
  }

  #make(request: NegotiableRequest, reason: ChallengeReason, statusCode: 400 | 401, own: readonly string[]): Challenge {
    const { otherChallenges = [], http2Challenge } = this.#options
    const all = [...own, ...otherChallenges]
    const { type, body } = this.#body(reason)
    const headers = {
      'Content-Type': type,
      ...(all.length > 0 && { 'WWW-Authenticate': all.length === 1 ? all[0] : all }),
    }
    const http1Required = http2Challenge === 'http-1.1-required' && (request.httpVersionMajor ?? 1) > 1
    return { status: 'challenge', statusCode, headers, body, ...(http1Required && { http1Required }) }
  }

  #body(reason: ChallengeReason): { readonly type: string; readonly body: string } {
    const { challenge = DEFAULT_BODY } = this.#options
    const body: ChallengeBody = typeof challenge === 'function' ? challenge(reason) : challenge
    return typeof body === 'string' ? { type: 'text/plain; charset=utf-8', body } : body
  }
}

const DEFAULT_BODY = 'Sign in with Kerberos to use this service.\n'
