/**
 * S4U2Proxy: a ticket for another service, in the name of a user, on the evidence that the user
 * came to this service. Source: MS-SFU section 3.1.5.2.
 */

import {
  encode,
  formatName,
  KdcOption,
  kerberosFlags,
  PacOption,
  type PaData,
  PaPacOptions,
  PaType,
  type PrincipalName,
  type Ticket,
} from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import { isForAnotherKdc, Itinerary } from '../tgs-exchange/referral.js'
import { realmAsked } from '../tickets/granting-ticket.js'
import type { EvidenceTicket, ServiceTicket } from '../tickets/service-ticket.js'
import { requestTicket, type TgsOutcome } from '../tgs-exchange/tgs-exchange.js'

export interface S4u2proxyRequest {
  readonly tgt: ServiceTicket
  readonly evidence: EvidenceTicket
  readonly sname: PrincipalName
  /**
   * Returns the service's own ticket-granting ticket for another realm, for delegation across
   * realms.
   */
  readonly tgtFor: (realm: string) => Promise<ServiceTicket>
}

/**
 * Sends the evidence to the KDC unchanged: the KDC decides about evidence that is not forwardable.
 * If the target is in another realm, the KDC answers with a referral that names the user. The next
 * realm is asked with that referral as evidence, and with an ordinary ticket-granting ticket.
 * Source: MS-SFU section 3.1.5.2.1 and section 3.1.5.2.2.
 */
export async function requestS4u2proxy(context: KdcContext, request: S4u2proxyRequest): Promise<TgsOutcome> {
  const { evidence, sname } = request
  let { tgt } = request
  let proof: Ticket = evidence.ticket
  const itinerary = new Itinerary(formatName(sname), realmAsked(tgt))
  for (;;) {
    const outcome = await requestTicket(context, {
      tgt,
      sname,
      mayRefer: true,
      options: [KdcOption.CNAME_IN_ADDL_TKT],
      padata: () => [resourceBased()],
      additionalTickets: [proof],
      expectedClient: evidence.client,
      referralClient: evidence.client,
    })
    if ('refused' in outcome || !isForAnotherKdc(outcome.ticket, sname)) return outcome
    const next = realmAsked(outcome.ticket)
    itinerary.enter(next)
    proof = outcome.ticket.ticket
    tgt = await request.tgtFor(next)
  }
}

/**
 * Says that the client supports resource-based delegation. Each request must say it. Source: MS-SFU
 * section 2.2.5.
 */
function resourceBased(): PaData {
  const flags = kerberosFlags(PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION)
  return { padataType: PaType.PAC_OPTIONS, padataValue: encode(PaPacOptions, { flags }) }
}
