import { STATUS_CODES } from 'node:http'
import { formatChallenge } from '@s4u/gssapi'
import { ConfigurationError, type OptionTableOf, type S4uError, shownInput } from '@s4u/kdc-client'
import type { NegotiableRequest } from './request.js'
import type { Challenge } from './response.js'

/** The options that decide how unauthenticated callers are answered. */
export interface ChallengeOptions {
  /**
   * The body of a 401: a text, a text with its media type, or a function of the reason. Default:
   * one plain sentence. Example: `{ type: 'text/html; charset=utf-8', body: page }`.
   */
  readonly challenge?: ChallengeBody | ((reason: ChallengeReason) => ChallengeBody)
  /**
   * Challenges of other schemes that the app understands; they follow `Negotiate`. Default: none.
   * Example: `['Bearer', 'Basic realm="orders"']`.
   */
  readonly otherChallenges?: readonly string[]
  /**
   * Whether a caller whose token was refused gets only `otherChallenges`, and Negotiate no more:
   * browsers then ask for a password or show the page instead of trying again. Default `false`, and
   * `true` where a source of `signIn` has a page for the caller.
   */
  readonly negotiateOnce?: boolean
  /**
   * How a caller over HTTP/2 is challenged. `401` (default) is for Chromium, which goes on over
   * HTTP/1.1 by itself, and for clients that send a token with each request. `http-1.1-required`
   * resets the stream, as IIS does; it works with every browser, if the server has `allowHTTP1`.
   */
  readonly http2Challenge?: '401' | 'http-1.1-required'
}

/** Every name in ChallengeOptions; others are refused. */
export const CHALLENGE_OPTIONS = {
  challenge: 'value',
  otherChallenges: 'texts',
  negotiateOnce: 'flag',
  http2Challenge: 'value',
} as const satisfies OptionTableOf<ChallengeOptions>

/**
 * A text, or a text with its media type, which HTML needs: `{ type: 'text/html; charset=utf-8',
 * body }`.
 */
export type ChallengeBody = string | { readonly type: string; readonly body: string }

/**
 * Why a 401 is sent. The `code` is for a page that helps users; it says nothing that helps an
 * attacker.
 */
export type ChallengeReason =
  | { readonly kind: 'no-token' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'refused'; readonly code: string }

/** What sources offer beside Negotiate: challenges, and a page in place of the body. */
interface Offers {
  readonly challenges: readonly string[]
  readonly page?: Pick<Challenge, 'statusCode' | 'headers' | 'body'>
}

const NO_OFFERS: Offers = { challenges: [] }

/** Makes the answers to unauthenticated callers. No answer says why: reasons are for the log. */
export class Challenges {
  readonly #options: ChallengeOptions

  constructor(options: ChallengeOptions) {
    this.#options = options
  }

  /** Returns the challenge for a caller who has sent no token. */
  first(request: NegotiableRequest, offers: Offers = NO_OFFERS): Challenge {
    return this.#make(request, { kind: 'no-token' }, 401, [formatChallenge()], offers)
  }

  /**
   * Returns the challenge for a caller whom a source has refused. A 401 has what the other sources
   * offer, too.
   */
  refusedBySource({ httpVersionMajor = 1 }: NegotiableRequest, error: S4uError, offers: Offers): Challenge {
    const reason = { kind: 'refused', code: error.code } as const
    if (error.status === 401)
      return { ...this.#make({ headers: {}, httpVersionMajor }, reason, 401, [formatChallenge()], offers), error }
    const headers = { 'Content-Type': 'text/plain; charset=utf-8' }
    return { status: 'challenge', statusCode: error.status, headers, body: `${STATUS_CODES[error.status]}\n`, error }
  }

  /** Returns the next leg. It offers only Negotiate, or the client might begin another scheme. */
  next(reply: Uint8Array): Challenge {
    const { type, body } = this.#body({ kind: 'continue' })
    const headers = { 'Content-Type': type, 'WWW-Authenticate': formatChallenge(reply) }
    return { status: 'challenge', statusCode: 401, headers, body }
  }

  refused(
    request: NegotiableRequest,
    error: S4uError,
    statusCode: 400 | 401 | 503,
    { reply, offers = NO_OFFERS }: { readonly reply?: Uint8Array | undefined; readonly offers?: Offers } = {},
  ): Challenge {
    if (statusCode === 503) {
      const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '5' }
      return { status: 'challenge', statusCode, headers, body: 'Try again in a moment.\n', error }
    }
    // Where there is a page, browsers show it only if they need not try Negotiate again.
    const { negotiateOnce = offers.page !== undefined } = this.#options
    const again = negotiateOnce ? [] : [formatChallenge(reply)]
    return { ...this.#make(request, { kind: 'refused', code: error.code }, statusCode, again, offers), error }
  }

  /**
   * Returns the 403 for a page of another site. It is no challenge to authenticate: a browser would
   * answer that, and ask again in its user's name.
   */
  otherSite(error: S4uError): Challenge {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8' }
    return { status: 'challenge', statusCode: 403, headers, body: 'A page of another site sent this request.\n', error }
  }

  #make(
    request: NegotiableRequest,
    reason: ChallengeReason,
    statusCode: 400 | 401,
    own: readonly string[],
    { challenges, page }: Offers,
  ): Challenge {
    const { otherChallenges = [], http2Challenge } = this.#options
    // A redirect, or a page with a status of its own, cannot challenge.
    if (page !== undefined && page.statusCode !== 401) return { status: 'challenge', ...page }
    const all = [...own, ...challenges, ...otherChallenges]
    const { headers: ofBody, body } = page ?? this.#page(reason)
    const headers = { ...ofBody, ...(all.length > 0 && { 'WWW-Authenticate': all.length === 1 ? all[0] : all }) }
    const http1Required = http2Challenge === 'http-1.1-required' && (request.httpVersionMajor ?? 1) > 1
    return { status: 'challenge', statusCode, headers, body, ...(http1Required && { http1Required }) }
  }

  #page(reason: ChallengeReason): Pick<Challenge, 'headers' | 'body'> {
    const { type, body } = this.#body(reason)
    return { headers: { 'Content-Type': type }, body }
  }

  #body(reason: ChallengeReason): { readonly type: string; readonly body: string } {
    const { challenge = DEFAULT_BODY } = this.#options
    const body: ChallengeBody = typeof challenge === 'function' ? challenge(reason) : challenge
    return typeof body === 'string' ? { type: 'text/plain; charset=utf-8', body } : body
  }
}

const DEFAULT_BODY = 'Sign in with Kerberos to use this service.\n'

const OVER_HTTP2: readonly unknown[] = [undefined, '401', 'http-1.1-required']

/** @throws ConfigurationError */
export function checkChallengeOptions({ http2Challenge, otherChallenges = [] }: ChallengeOptions): void {
  if (!OVER_HTTP2.includes(http2Challenge))
    throw new ConfigurationError(
      `http2Challenge must be one of 401, http-1.1-required, not ${shownInput(http2Challenge)}`,
    )
  for (const value of otherChallenges) requireChallenge(value)
}

/**
 * Requires a scheme and parameters as in RFC 9110 section 11.6.1, so that no line break adds a
 * header.
 */
function requireChallenge(value: string): void {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+( [\x20-\x7e]+)?$/.test(value) && !/^negotiate\b/i.test(value)) return
  throw new ConfigurationError(`otherChallenges: ${shownInput(value)} is not the challenge of another scheme`, {
    hint: `Write 'Bearer' or 'Basic realm="orders"'; Negotiate is always offered.`,
  })
}
