import {
  type EncKdcRepPart,
  hasFlag,
  KdcOption,
  kerberosFlags,
  type KerberosFlags,
  type Key,
  type PaData,
  type Principal,
  type PrincipalName,
  type Ticket,
  TicketFlag,
} from '@s4u/krb5'
import type { ServiceTicket } from '../tickets/service-ticket.js'

/** What a KDC is asked for, and what its reply must say. */
export interface TgsRequest {
  /** The ticket-granting ticket of the request. It names the realm that is asked. */
  readonly tgt: ServiceTicket
  readonly sname: PrincipalName
  /** The numbers of KDC options beside canonicalize and forwardable. */
  readonly options?: readonly number[]
  /** Returns pre-authentication data that is bound to this request. */
  readonly padata?: (binding: RequestBinding) => readonly PaData[]
  readonly additionalTickets?: readonly Ticket[]
  /**
   * The client that the ticket must name: the requester, or the user of a delegation. A referral
   * must name the requester, whatever this says.
   */
  readonly expectedClient: Principal | ((reply: CheckedReply) => Principal)
  /** The user of a delegation, whom a referral may name in place of the requester. */
  readonly referralClient?: Principal
  /**
   * The KDC may answer with a ticket for the KDC of another realm, which is then asked. Default:
   * no.
   */
  readonly mayRefer?: boolean
  /**
   * The request is armored (FAST), so that nobody on the network can change what the reply says.
   * Source: RFC 6113 section 5.4.2.
   */
  readonly isArmored?: boolean
  /** Called with a referral, after it passed the same checks as a final reply. */
  readonly onReferral?: (reply: CheckedReply) => void
}

/** The secrets of one request, to which pre-authentication data is bound. */
export interface RequestBinding {
  readonly nonce: number
  readonly sessionKey: Key
  readonly subkey: Key
}

/**
 * A reply whose encryption, nonce, service and times were checked, and whose client was not yet.
 */
export interface CheckedReply extends RequestBinding {
  readonly padata: readonly PaData[]
  readonly part: EncKdcRepPart
}

/**
 * Returns the KDC options of a request. Forwardable is left out if the ticket-granting ticket is
 * not: some KDCs refuse such a request, instead of granting less.
 */
export function optionsOf({ options = [], tgt }: TgsRequest): KerberosFlags {
  const forwardable = hasFlag(tgt.flags, TicketFlag.FORWARDABLE) ? [KdcOption.FORWARDABLE] : []
  return kerberosFlags(...forwardable, KdcOption.CANONICALIZE, ...options)
}
