import { DelegationRefusedError, isTrustedForDelegation, KdcError, type ServiceTicket } from '@s4u/kdc-client'
import type { NotForwarded } from '../events/fetch-event.js'
import { requireCredential } from '../given-values.js'
import type { TokenOptions } from '../options/token-options.js'

export type Forwarded = { readonly credential: Uint8Array } | NotForwarded

/**
 * The ticket-granting ticket that goes along with a token, sealed: to a service that the user's own
 * KDC calls fit for it (ok-as-delegate), of a user who can be delegated. Otherwise nothing does,
 * and the service gets what is called `impersonation`. A realm speaks for its own services alone:
 * the flag of another realm's ticket is not taken for one.
 * Source: RFC 4120 section 2.8; WCF, AllowedImpersonationLevel.
 *
 * @throws what `forwardTgt` throws, but a KDC's no about the delegation
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
 * What a KDC answers who may not, or need not, forward the ticket of this user. Source: RFC 4120
 * section 3.3.3.
 */
const REFUSALS: ReadonlySet<string> = new Set(['KDC_ERR_BADOPTION', 'KDC_ERR_POLICY'])

function isAboutDelegation(error: unknown): error is KdcError | DelegationRefusedError {
  return (error instanceof KdcError || error instanceof DelegationRefusedError) && REFUSALS.has(error.code)
}
