import { hasFlag, KdcOption, TicketFlag } from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { requestTicket } from './tgs-exchange.js'

/** Returns whether a ticket can be renewed: it is renewable, and has not expired. */
export function isRenewable({ flags, renewableUntil, expiresAt }: ServiceTicket, now: number): boolean {
  return hasFlag(flags, TicketFlag.RENEWABLE) && (renewableUntil ?? 0) > expiresAt && now < expiresAt
}

/**
 * A KDC renews a ticket that is not asked to stay renewable into one that cannot be renewed again.
 */
export const RENEWAL = [KdcOption.RENEW, KdcOption.RENEWABLE] as const

/**
 * Renews a ticket-granting ticket. Returns undefined if the KDC refuses. Source: RFC 4120 section
 * 3.3.3, "RENEW".
 */
export async function renew(context: KdcContext, tgt: ServiceTicket): Promise<ServiceTicket | undefined> {
  const outcome = await requestTicket(context, {
    tgt,
    sname: tgt.service.name,
    options: RENEWAL,
    expectedClient: tgt.client,
  })
  return 'ticket' in outcome ? outcome.ticket : undefined
}
