/**
 * The rules of Active Directory for delegation, as pure functions. Source: MS-SFU section 3.2.5.
 */

import type { NtStatusName } from '../kdc/refusal.js'

export interface S4u2SelfCircumstances {
  /** The service asks for a forwardable ticket, and its own TGT is forwardable. */
  readonly requested: boolean
  /** Protocol transition is allowed to the service (TrustedToAuthForDelegation). */
  readonly trustedToAuthForDelegation: boolean
  /** The service has a list of targets (AllowedToDelegateTo). */
  readonly hasDelegationTargets: boolean
  /** The user is sensitive, or a member of Protected Users. */
  readonly mayNotBeDelegated: boolean
}

/**
 * Says whether an S4U2Self ticket is forwardable. A service without any list of targets gets a
 * forwardable ticket too: it has no use by itself, and resource-based delegation needs it.
 *
 * Source: MS-SFU section 3.2.5.1.2.
 */
export function s4u2selfIsForwardable(circumstances: S4u2SelfCircumstances): boolean {
  const { requested, trustedToAuthForDelegation, hasDelegationTargets, mayNotBeDelegated } = circumstances
  return requested && !mayNotBeDelegated && (trustedToAuthForDelegation || !hasDelegationTargets)
}

export interface S4u2ProxyCircumstances {
  readonly evidenceForwardable: boolean
  /** The user is sensitive, or a member of Protected Users. */
  readonly mayNotBeDelegated: boolean
  /** The service has a list of targets (AllowedToDelegateTo), and the target is on it. */
  readonly hasDelegationTargets: boolean
  readonly targetIsListed: boolean
  /** The request's PA-PAC-OPTIONS says that the service knows resource-based delegation. */
  readonly resourceBasedRequested: boolean
  /** The target grants it to the service (AllowedToActOnBehalfOfOtherIdentity). */
  readonly grantedByTarget: boolean
}

export type S4u2ProxyDecision =
  | { readonly granted: 'constrained' | 'resource-based' }
  | { readonly granted: false; readonly ntStatus: NtStatusName; readonly reason: string }

/**
 * Decides whether a service may call the target as the user. Evidence that is not forwardable is
 * enough where the target itself allows the service, except for users who may not be delegated at
 * all.
 *
 * Source: MS-SFU sections 3.2.5.2.1 to 3.2.5.2.3.
 */
export function decideS4u2Proxy(circumstances: S4u2ProxyCircumstances): S4u2ProxyDecision {
  const { evidenceForwardable, targetIsListed, resourceBasedRequested, grantedByTarget, mayNotBeDelegated } =
    circumstances
  if (evidenceForwardable && targetIsListed) return { granted: 'constrained' }
  if (!resourceBasedRequested) return withoutResourceBased(circumstances)
  if (!grantedByTarget) {
    return targetIsListed
      ? no('STATUS_ACCOUNT_RESTRICTION', 'the evidence ticket is not forwardable')
      : no('STATUS_NOT_FOUND', 'the target grants the service nothing, and is not on its list')
  }
  if (mayNotBeDelegated) return no('STATUS_ACCOUNT_RESTRICTION', 'the user is sensitive or in Protected Users')
  return { granted: 'resource-based' }
}

function withoutResourceBased({ hasDelegationTargets, targetIsListed }: S4u2ProxyCircumstances): S4u2ProxyDecision {
  if (!hasDelegationTargets) return no('STATUS_NOT_SUPPORTED', 'the service has no list of targets')
  return targetIsListed
    ? no('STATUS_NO_MATCH', 'the evidence ticket is not forwardable')
    : no('STATUS_NO_MATCH', 'the target is not on the list of the service')
}

function no(ntStatus: NtStatusName, reason: string): S4u2ProxyDecision {
  return { granted: false, ntStatus, reason }
}
