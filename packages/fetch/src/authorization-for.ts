import { closeOptions, ConfigurationError, type OptionTableOf, pickOptions, requireKnownOptions } from '@s4u/kdc-client'
import type { Attempt } from './negotiation/attempt.js'
import { TokenIssuer } from './negotiation/token-issuer.js'
import { requireAnswer, requireUrl } from './given-values.js'
import {
  NEGOTIATION_FOR_OPTIONS,
  TOKEN_OPTIONS,
  type NegotiationForOptions,
  type TokenOptions,
  ticketsOf,
} from './options/token-options.js'
import { hostOf, isIpAddress } from './service-names/service-name.js'
import { hintForAddress } from './service-names/unknown-name.js'
import { UnprovenAnswerError } from './answers/unproven-answer.js'

export interface AuthorizationOptions {
  readonly signal?: AbortSignal
}

const AUTHORIZATION_OPTIONS = { signal: 'value' } as const satisfies OptionTableOf<AuthorizationOptions>

/** One token for one request, for clients that are not `fetch`. */
export interface Negotiation {
  /** The value of the `Authorization` header: `Negotiate YII…`. */
  readonly authorization: string
  /**
   * Checks the server's answer, once; call it before anything of the response is used. A 401 is the
   * server's own answer and passes. `proven` tells whether the server has proved itself: of a 401,
   * an error that `mutualAuthentication: 'optional'` lets pass, or anything with `off`, it may be
   * false, and then nothing but the status is to be believed.
   * @param challenge the response's `WWW-Authenticate`
   * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL, also for a second answer; MalformedTokenError
   */
  verify(response: { readonly status: number; readonly challenge?: string | readonly string[] | null | undefined }): {
    readonly proven: boolean
  }
}

/**
 * Tokens for requests that axios, got or `node:http` send. Each is good for one request.
 * @throws ConfigurationError when the URL gets none: see `origins` and `serviceNames`
 */
export type NegotiationFor = (url: string | URL, options?: AuthorizationOptions) => Promise<Negotiation>

/**
 * The value of an `Authorization` header alone: nobody checks who answers. @throws as
 * `NegotiationFor`
 */
export type AuthorizationFor = (url: string | URL, options?: AuthorizationOptions) => Promise<string>

export function createNegotiationFor(options: NegotiationForOptions): NegotiationFor {
  const closed = closeOptions('createNegotiationFor', options, NEGOTIATION_FOR_OPTIONS)
  const tickets = ticketsOf('createNegotiationFor', closed, options)
  const issuer = new TokenIssuer(pickOptions<TokenOptions>(closed, TOKEN_OPTIONS))
  return async (target, given) => {
    const { signal } = requireKnownOptions('negotiationFor', given, AUTHORIZATION_OPTIONS)
    const url = requireUrl('negotiationFor', target)
    const spn = await issuer.serviceName(url)
    if (spn === undefined) throw noToken(url)
    const attempt = await issuer.begin(url, spn, { tickets, signal })
    return { authorization: attempt.authorization, verify: verifierOf(attempt) }
  }
}

/**
 * What proves the server to one request proves nothing of another: a client that sends its request
 * again, or follows a redirect, has to ask for another token.
 */
function verifierOf(attempt: Attempt): Negotiation['verify'] {
  let isAnswered = false
  return (answer) => {
    requireAnswer(answer)
    const { status, challenge } = answer
    if (isAnswered) throw secondAnswer(attempt, status)
    isAnswered = true
    const { kind } = attempt.judge({ status, challenge })
    return { proven: kind === 'done' && attempt.isProven }
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

export function createAuthorizationFor(options: NegotiationForOptions): AuthorizationFor {
  const negotiationFor = createNegotiationFor(options)
  return async (url, request) => (await negotiationFor(url, request)).authorization
}

function noToken(url: URL): ConfigurationError {
  return new ConfigurationError(`there is no token for ${url.origin}`, {
    code: 'GSS_S_NO_CRED',
    hint: isIpAddress(hostOf(url))
      ? hintForAddress(url)
      : 'An app with a list of origins gives tokens to those alone, and one whose allowedImpersonationLevel is anonymous gives none.',
  })
}
