import { ConfigurationError, RejectedTokenError, type S4uError } from '@s4u/kdc-client'
import { type Runner, runPlainly } from '../authenticate/outcome.js'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { NegotiableRequest } from '../http/request.js'
import type { Challenge } from '../http/response.js'
import { findNegotiator } from './negotiator-of-request.js'

/** The result of checking one route. */
export type Verdict = { readonly status: 'pass'; readonly run: Runner } | Challenge

/**
 * A check of one route, from which adapters make a middleware. `identity` is that of the request,
 * as the app has it.
 */
export type Gate = (request: NegotiableRequest, identity: CallerIdentity | undefined) => Verdict

/**
 * Returns a gate for known callers: for single routes behind `mode: 'optional'`.
 *
 * ```ts
 * import { identityGate } from '@s4u/negotiate'
 *
 * const known = identityGate()
 * ```
 */
export function identityGate(): Gate {
  return (request, identity) => (identity === undefined ? unknownCaller(request) : PASS)
}

/**
 * Returns the challenge for an unknown caller.
 * @throws ConfigurationError when the route has no negotiator in front
 */
export function unknownCaller(request: NegotiableRequest): Challenge {
  const negotiator = findNegotiator(request)
  if (negotiator !== undefined) return negotiator.challenge(request)
  throw new ConfigurationError('a route asks for a caller, but nothing in front of it authenticates any', {
    hint: 'Put app.use(negotiate(…)) before the route.',
  })
}

/**
 * Returns the 403 for a known caller: to authenticate again would change nothing. The negotiator in
 * front of the route publishes it, since no framework would.
 */
export function forbidden(
  request: NegotiableRequest,
  identity: CallerIdentity,
  why: string,
  { hint, cause }: { readonly hint?: string; readonly cause?: S4uError } = {},
): Challenge {
  const error = new RejectedTokenError(`${identity.principal} ${why}`, {
    code: cause?.code ?? 'SEC_E_LOGON_DENIED',
    status: 403,
    hint: hint ?? cause?.hint,
    cause,
  })
  findNegotiator(request)?.noteForbidden(request, identity, error)
  const headers = { 'Content-Type': 'text/plain; charset=utf-8' }
  return { status: 'challenge', statusCode: 403, headers, body: 'You may not use this.\n', error }
}

/**
 * Returns the 503 for a caller who may pass a little later: the directory has not said yet what a
 * name of the route stands for.
 */
export function notYet(what: string, why: string): Challenge {
  return {
    status: 'challenge',
    statusCode: 503,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '5' },
    body: 'Please try again in a moment.\n',
    error: new RejectedTokenError(`${what} is not known yet: ${why}`, { code: 'unavailable', status: 503 }),
  }
}

export const PASS: Verdict = { status: 'pass', run: runPlainly }
