import type { RequestFacts } from '../advice/advice.js'
import type { EvidenceFindings } from './evidence-inspection.js'

/** What is known of a refused delegation beside the KDC's answer. */
export interface DelegationFacts extends RequestFacts {
  /** The evidence of an S4U2Proxy request. */
  readonly evidence?: { readonly origin: 'presented' | 's4u2self'; readonly forwardable: boolean }
  /** What a look into it has shown. */
  readonly sight?: EvidenceFindings
  /**
   * This account has had a forwardable S4U2Self ticket lately, so it is trusted for protocol
   * transition.
   */
  readonly mayTransition?: boolean
  /**
   * The ticket-granting ticket of this account. One that is not forwardable was asked for as
   * forwardable, unless it says otherwise.
   */
  readonly ownTicket?: OwnTicketFacts
  /** Of an S4U2Self request: it said by a certificate who the user is. */
  readonly byCertificate?: boolean
}

export interface OwnTicketFacts {
  readonly forwardable: boolean
  readonly isFromElsewhere?: boolean
  /** Nobody asked for one that can be forwarded: the options or krb5.conf say so. */
  readonly isPlain?: boolean
}
