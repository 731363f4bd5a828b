import { delegatedByGate, groupGate, identityGate, impersonationGate, type ImpersonationOption } from '@s4u/negotiate'
import type { Middleware } from 'koa'
import { gated } from './gated.js'

/**
 * What a route says about impersonation: `required` runs its handlers as the caller, so that the
 * `fetch` of `@s4u/fetch` acts as the caller, and refuses who cannot be impersonated; `allowed`
 * does so under `impersonateCallerForAllOperations`; `notAllowed` never.
 * @throws ConfigurationError at once for `notAllowed` together with
 * `impersonateCallerForAllOperations`
 */
export function impersonation(option: ImpersonationOption): Middleware {
  return gated(impersonationGate(option))
}

/**
 * Lets members of any of these groups pass; others get 403, and so does whoever's groups nobody
 * knows. Of a user of another realm count the groups that this realm may give: see `domainSids`.
 * @param sids `S-1-5-21-…-512` @throws ConfigurationError at once
 */
export function requireGroup(sids: string | readonly string[]): Middleware
/** @deprecated Since 0.2: give the SIDs as a list. */
export function requireGroup(...sids: readonly string[]): Middleware
export function requireGroup(...sids: readonly (string | readonly string[])[]): Middleware {
  return gated(groupGate(sids.flat()))
}

/**
 * Lets callers pass who came through these services and no others, and no user of another realm,
 * whose KDC can make them up.
 * @throws ConfigurationError at once for an empty list
 */
export function requireDelegatedBy(services: readonly string[]): Middleware {
  return gated(delegatedByGate(services))
}

/**
 * Lets known callers pass and asks others to authenticate: for single routes behind `mode:
 * 'optional'`.
 */
export function requireIdentity(): Middleware {
  return gated(identityGate())
}
