import type { RequestFacts } from '../advice/advice.js'
import type { EvidenceFindings } from './evidence-inspection.js'

/** What the client knows about a refused delegation, beside the KDC's answer. */
export interface DelegationFacts extends RequestFacts {
  /** The evidence of an S4U2Proxy request. */
  readonly evidence?: { readonly origin: 'presented' | 's4u2self'; readonly forwardable: boolean }
  /** What was found inside the evidence. */
  readonly sight?: EvidenceFindings
  /**
   * The account has lately got a forwardable S4U2Self ticket, so it is trusted for protocol
   * transition.
   */
  readonly mayTransition?: boolean
  /**
   * The ticket-granting ticket of the account. If it is not forwardable although the client asked
   * for a forwardable one, the account may not have one.
   */
  readonly ownTicket?: OwnTicketFacts
  /** The S4U2Self request named the user by a certificate. */
  readonly byCertificate?: boolean
}

export interface OwnTicketFacts {
  readonly forwardable: boolean
  readonly isFromElsewhere?: boolean
  /** The client asked for a ticket that is not forwardable, because of its options or krb5.conf. */
  readonly isPlain?: boolean
}
