import { closeOptions, ConfigurationError, type OptionTableOf, pickOptions, requireKnownOptions } from '@s4u/kdc-client'
import type { Attempt } from './negotiation/attempt.js'
import { TokenIssuer } from './negotiation/token-issuer.js'
import { requireAnswer, requireService, requireUrl } from './given-values.js'
import type { ServerRefusal } from './answers/server-refusal.js'
import {
  NEGOTIATION_FOR_OPTIONS,
  TOKEN_OPTIONS,
  type NegotiationForOptions,
  type TokenOptions,
  type TokenTickets,
  ticketsOf,
} from './options/token-options.js'
import { hostOf, isIpAddress } from './service-names/service-name.js'
import { ServiceNameError } from './service-names/service-name-error.js'
import { hintForHost } from './service-names/unknown-name.js'
import { UnprovenAnswerError } from './answers/unproven-answer.js'

/** Options of one call. */
export interface AuthorizationOptions {
  /** Ends the wait for the ticket. Default: none. */
  readonly signal?: AbortSignal
  /**
   * The service principal name, in place of that of the URL, for requests that go to one server of
   * several: a member of a farm, or an address. `*` is the host of the URL. Default: the name of
   * the URL, by the options `serviceNames`, `includePort` and the like. Example:
   * `'HTTP/web2.ad.test'`, or `'HTTP/*'`. `origins` counts as before: a URL that is not listed gets
   * no token.
   */
  readonly service?: string
}

const AUTHORIZATION_OPTIONS = {
  signal: 'value',
  service: 'value',
} as const satisfies OptionTableOf<AuthorizationOptions>

/** One token for one request, for clients that are not `fetch`. */
export interface Negotiation {
  /** The value of the `Authorization` header: `Negotiate YII…`. */
  readonly authorization: string
  /**
   * Checks the server's answer, once. Call it before anything of the response is used. A 401 is the
   * server's own answer and passes: `refusal` says why, and which schemes the server offers.
   * @param challenge the response's `WWW-Authenticate`
   * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL, also for a second answer; MalformedTokenError
   */
  verify(response: {
    readonly status: number
    readonly challenge?: string | readonly string[] | null | undefined
  }): VerifiedAnswer
  /**
   * Starts again after a 401, with a new ticket: the service may have another key than the one that
   * the ticket was sealed with. Resolves undefined if the KDC gives no other ticket or cannot be
   * asked, or if this ticket has replaced a stale one within the last minute; the 401 is then the
   * answer.
   */
  withFreshTicket(): Promise<Negotiation | undefined>
}

/** What `verify` says of an answer. */
export interface VerifiedAnswer {
  /**
   * Whether the server has proved itself. It may be false for a 401, for an error that
   * `mutualAuthentication: 'optional'` lets pass, and with `off`. Then only the status may be used.
   */
  readonly proven: boolean
  /** Why the server answered 401; undefined for any other status. */
  readonly refusal?: ServerRefusal
}

/**
 * Returns a token for a request that axios, got or `node:http` sends. A token is for one request.
 * @throws ConfigurationError if the URL gets no token: see `origins` and `serviceNames`
 */
export type NegotiationFor = (url: string | URL, options?: AuthorizationOptions) => Promise<Negotiation>

/**
 * Returns the value of an `Authorization` header. The server's answer is not checked.
 * @throws as `NegotiationFor`
 */
export type AuthorizationFor = (url: string | URL, options?: AuthorizationOptions) => Promise<string>

/**
 * Returns a function that makes tokens for other HTTP clients, and checks the answers to them.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { createNegotiationFor } from '@s4u/fetch'
 * import { createKdcClient } from '@s4u/kdc-client'
 *
 * const credentials = { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }
 * const negotiationFor = createNegotiationFor({ client: createKdcClient({ credentials }) })
 * const { authorization, verify } = await negotiationFor('https://api.ad.test/orders')
 * // Send the request with this header, then check the answer before you use it.
 * verify({ status: 200, challenge: 'Negotiate oYG…' })
 * console.log(authorization)
 * ```
 */
export function createNegotiationFor(options: NegotiationForOptions): NegotiationFor {
  const closed = closeOptions('createNegotiationFor', options, NEGOTIATION_FOR_OPTIONS)
  const tickets = ticketsOf('createNegotiationFor', closed, options)
  return negotiationsWith(new TokenIssuer(pickOptions<TokenOptions>(closed, TOKEN_OPTIONS)), tickets)
}

/**
 * Checks the options once for many identities, and returns a function that makes the same of the
 * tickets of one identity.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { prepareNegotiationFor } from '@s4u/fetch'
 * import { createKdcClient } from '@s4u/kdc-client'
 *
 * const negotiationsOf = prepareNegotiationFor({ origins: ['https://api.ad.test'] })
 * const credentials = { principal: 'svc-a@AD.TEST', keytab: 'a.keytab' }
 * const negotiationFor = negotiationsOf(createKdcClient({ credentials }))
 * ```
 */
export function prepareNegotiationFor(options: TokenOptions): (tickets: TokenTickets) => NegotiationFor {
  const issuer = new TokenIssuer(closeOptions('prepareNegotiationFor', options, TOKEN_OPTIONS))
  return (tickets) => negotiationsWith(issuer, tickets)
}

function negotiationsWith(issuer: TokenIssuer, tickets: TokenTickets): NegotiationFor {
  return async (target, given) => {
    const { signal, service } = requireKnownOptions('negotiationFor', given, AUTHORIZATION_OPTIONS)
    const url = requireUrl('negotiationFor', target)
    const spn = await issuer.serviceName(url, requireService(service))
    if (spn === undefined) throw noToken(url)
    const context = { tickets, signal }
    return negotiationOf(await issuer.begin(url, spn, context), (failed) =>
      issuer.beginWithFreshTicket(failed, url, context),
    )
  }
}

function negotiationOf(attempt: Attempt, renew: (failed: Attempt) => Promise<Attempt | undefined>): Negotiation {
  return {
    authorization: attempt.authorization,
    verify: verifierOf(attempt),
    async withFreshTicket() {
      const next = await renew(attempt)
      return next && negotiationOf(next, renew)
    },
  }
}

/**
 * A proof to one request proves nothing about another. A client that sends its request again, or
 * follows a redirect, asks for another token.
 */
function verifierOf(attempt: Attempt): Negotiation['verify'] {
  let isAnswered = false
  return (answer) => {
    requireAnswer(answer)
    const { status, challenge } = answer
    if (isAnswered) throw secondAnswer(attempt, status)
    isAnswered = true
    const { kind } = attempt.judge({ status, challenge })
    const { refusal } = attempt
    return { proven: kind === 'done' && attempt.isProven, ...(refusal !== undefined && { refusal }) }
  }
}

function secondAnswer({ details: { origin, spn: service } }: Attempt, status: number): UnprovenAnswerError {
  return new UnprovenAnswerError(
    'to a negotiation that was answered before',
    { origin, service, status },
    {
      code: 'KRB_AP_ERR_MUT_FAIL',
      hint: 'A token is good for one request, and so is its proof: call negotiationFor for each, retries and redirects included.',
    },
  )
}

/**
 * Returns a function that makes the `Authorization` header for other HTTP clients. It does not
 * check the answers: `createNegotiationFor` does.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { createAuthorizationFor } from '@s4u/fetch'
 * import { createKdcClient } from '@s4u/kdc-client'
 *
 * const credentials = { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }
 * const authorizationFor = createAuthorizationFor({ client: createKdcClient({ credentials }) })
 * const headers = { authorization: await authorizationFor('https://api.ad.test/orders') }
 * ```
 */
export function createAuthorizationFor(options: NegotiationForOptions): AuthorizationFor {
  const negotiationFor = createNegotiationFor(options)
  return async (url, request) => (await negotiationFor(url, request)).authorization
}

function noToken(url: URL): ConfigurationError {
  const message = `there is no token for ${url.origin}`
  if (isIpAddress(hostOf(url))) return new ServiceNameError(message, { code: 'GSS_S_NO_CRED', hint: hintForHost(url) })
  return new ConfigurationError(message, {
    code: 'GSS_S_NO_CRED',
    hint: 'An app with a list of origins gives tokens to those alone, and one whose allowedImpersonationLevel is anonymous gives none.',
  })
}
