/** S4U2Proxy: a ticket to another service in the name of a user, on the evidence that the user came to this one. Source: MS-SFU section 3.1.5.2. */

import {
  encode,
  KdcOption,
  kerberosFlags,
  PacOption,
  type PaData,
  PaPacOptions,
  PaType,
  type PrincipalName,
} from '@s4u/krb5'
import type { KdcContext } from './kdc-exchange.js'
import type { EvidenceTicket, ServiceTicket } from './service-ticket.js'
import { requestTicket, type TgsOutcome } from './tgs-exchange.js'

export interface S4u2proxyRequest {
  readonly tgt: ServiceTicket
  readonly evidence: EvidenceTicket
  readonly sname: PrincipalName
}

/** The evidence goes to the KDC unchanged: what is not forwardable is the KDC's to judge. Source: MS-SFU section 3.1.5.2.1. */
export async function requestS4u2proxy(
  context: KdcContext,
  request: S4u2proxyRequest,
  signal?: AbortSignal,
): Promise<TgsOutcome> {
  const { tgt, evidence, sname } = request
  return requestTicket(
    context,
    {
      tgt,
      sname,
      options: [KdcOption.CNAME_IN_ADDL_TKT],
      padata: () => [resourceBased()],
      additionalTickets: [evidence.ticket],
      expectedClient: evidence.client,
    },
    signal,
  )
}

/** Says that the client knows resource-based delegation, which it must say always. Source: MS-SFU section 2.2.5. */
function resourceBased(): PaData {
  const flags = kerberosFlags(PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION)
  return { padataType: PaType.PAC_OPTIONS, padataValue: encode(PaPacOptions, { flags }) }
}
