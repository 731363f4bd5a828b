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

/** What to ask a KDC for, and what the answer must say. */
export interface TgsRequest {
  /** The ticket-granting ticket to ask with; it names the realm that is asked. */
  readonly tgt: ServiceTicket
  readonly sname: PrincipalName
  /** KDC option bits beside canonicalize and forwardable. */
  readonly options?: readonly number[]
  /** Builds pre-authentication data that is bound to this request. */
  readonly padata?: (binding: RequestBinding) => readonly PaData[]
  readonly additionalTickets?: readonly Ticket[]
  /**
   * Whom the ticket must name: the asker itself, or the user of a delegation. A referral must name
   * the asker whatever this says.
   */
  readonly expectedClient: Principal | ((reply: CheckedReply) => Principal)
  /** Of a delegation: whom a referral may name instead of the asker. */
  readonly referralClient?: Principal
  /**
   * Whether the KDC may answer with a ticket for the KDC of another realm, which is then asked.
   * Default: no.
   */
  readonly mayRefer?: boolean
  /**
   * It goes inside of FAST, so that nobody between here and the KDC can change what the reply says.
   * Source: RFC 6113 section 5.4.2.
   */
  readonly isArmored?: boolean
  /** Looks at a referral, which is as good as any reply. */
  readonly onReferral?: (reply: CheckedReply) => void
}

/** The secrets of one request that pre-authentication data is bound to. */
export interface RequestBinding {
  readonly nonce: number
  readonly sessionKey: Key
  readonly subkey: Key
}

/**
 * A reply whose seal, nonce, service and times are right, and whose client is still to be compared.
 */
export interface CheckedReply extends RequestBinding {
  readonly padata: readonly PaData[]
  readonly part: EncKdcRepPart
}

/**
 * Some KDCs refuse to be asked for what the ticket-granting ticket cannot give, instead of giving
 * less.
 */
export function optionsOf({ options = [], tgt }: TgsRequest): KerberosFlags {
  const forwardable = hasFlag(tgt.flags, TicketFlag.FORWARDABLE) ? [KdcOption.FORWARDABLE] : []
  return kerberosFlags(...forwardable, KdcOption.CANONICALIZE, ...options)
}
