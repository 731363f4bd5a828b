import { DelegationRefusedError, isTrustedForDelegation, KdcError, type ServiceTicket } from '@s4u/kdc-client'
import type { NotForwarded } from '../events/fetch-event.js'
import { requireCredential } from '../given-values.js'
import type { TokenOptions } from '../options/token-options.js'

/** The sealed ticket-granting ticket, or why there is none. */
export type Forwarded = { readonly credential: Uint8Array } | NotForwarded

/**
 * Returns the user's ticket-granting ticket, sealed, to send with a token; or the reason why none
 * is sent. It is sent only to a service that the user's own KDC marks as fit for it
 * (ok-as-delegate), and only of a user who can be delegated. In the other cases the service gets
 * what `impersonation` gives. A realm speaks only for its own services: the flag in a ticket of
 * another realm does not count. Source: RFC 4120 section 2.8; WCF, AllowedImpersonationLevel.
 *
 * @throws what `forwardTgt` throws, except for a refusal of the KDC to delegate
 *
 * @example
 * ```ts
 * import { createInitiator } from '@s4u/gssapi'
 * import { type ForwardTgt, forwardedCredential } from '@s4u/fetch'
 * import type { ServiceTicket } from '@s4u/kdc-client'
 *
 * export async function initiatorFor(ticket: ServiceTicket, forwardTgt: ForwardTgt) {
 *   const forwarded = await forwardedCredential(ticket, { forwardTgt }, undefined)
 *   if ('reason' in forwarded) return createInitiator({ ticket, now: Date.now })
 *   return createInitiator({ ticket, delegate: forwarded.credential, now: Date.now })
 * }
 * ```
 */
export async function forwardedCredential(
  ticket: ServiceTicket,
  { forwardTgt, okAsDelegate = 'require' }: Pick<TokenOptions, 'forwardTgt' | 'okAsDelegate'>,
  signal: AbortSignal | undefined,
): Promise<Forwarded> {
  if (okAsDelegate === 'require' && !isFit(ticket)) return { reason: 'service-not-trusted' }
  try {
    const credential = requireCredential(await forwardTgt?.(ticket, { signal }))
    return credential === undefined ? { reason: 'nothing-to-forward' } : { credential }
  } catch (error) {
    if (!isAboutDelegation(error)) throw error
    return { reason: 'user-not-delegable', code: error.code }
  }
}

function isFit(ticket: ServiceTicket): boolean {
  return ticket.service.realm === ticket.client.realm && isTrustedForDelegation(ticket)
}

/**
 * The codes of a KDC that does not forward a ticket of this user. Source: RFC 4120 section 3.3.3.
 */
const REFUSALS: ReadonlySet<string> = new Set(['KDC_ERR_BADOPTION', 'KDC_ERR_POLICY'])

function isAboutDelegation(error: unknown): error is KdcError | DelegationRefusedError {
  return (error instanceof KdcError || error instanceof DelegationRefusedError) && REFUSALS.has(error.code)
}
