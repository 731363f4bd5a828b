import { formatName, type Principal, RejectedTokenError, sameName } from '@s4u/krb5'
import { type KdcContext, ticketGrantingService } from './kdc-exchange.js'
import type { ServiceTicket } from './service-ticket.js'
import { isReferral, requestTicket, type TgsOutcome } from './tgs-exchange.js'

/** Realms on the way to a service. Forests with more than three hops are hard to find; a loop is easier. */
const MAX_REFERRALS = 8

/** Follows the KDCs' referrals from realm to realm until one grants the service's ticket. Source: RFC 6806 section 8. */
export async function requestTicketThroughReferrals(
  context: KdcContext,
  request: { readonly tgt: ServiceTicket; readonly service: Principal; readonly client: Principal },
): Promise<TgsOutcome> {
  const { service, client } = request
  let { tgt } = request
  const visited = new Set([tgt.service.name.nameString[1]])
  const first = service.realm === tgt.service.name.nameString[1] ? service.name : undefined
  for (let sname = first ?? ticketGrantingService(client.realm, service.realm).name; ; sname = service.name) {
    const outcome = await requestTicket(context, { tgt, sname, expectedClient: client })
    if (
      'refused' in outcome ||
      sameName(outcome.ticket.service.name, service.name) ||
      !isReferral(outcome.ticket.service.name)
    )
      return outcome
    const next = outcome.ticket.service.name.nameString[1]
    if (visited.has(next) || visited.size === MAX_REFERRALS) {
      throw new RejectedTokenError(
        `TGS: the KDCs refer ${formatName(service.name)} in a circle: ${[...visited, next].join(', ')}`,
        {
          code: 'KRB_AP_PATH_NOT_ACCEPTED',
          hint: 'Check the trusts and the [domain_realm] or name suffix routing of these realms.',
        },
      )
    }
    visited.add(next)
    tgt = outcome.ticket
  }
}
