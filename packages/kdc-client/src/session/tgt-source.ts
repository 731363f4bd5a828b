import type { CacheMiss } from '../events/events.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { Tgt } from '../tickets/granting-ticket.js'

/** Where the ticket-granting ticket of a client comes from: a sign-in, or a credential cache. */
export interface TgtSource {
  /**
   * Gets another ticket-granting ticket.
   *
   * @param keep is called when the request must be finished even if no caller waits for it any more
   * @throws KdcError, KdcUnreachableError, RejectedTokenError, ConfigurationError
   */
  obtain(context: KdcContext, keep: () => void, cache: CacheMiss): Promise<ObtainedTgt>
}

export interface ObtainedTgt {
  readonly tgt: Tgt
  /**
   * The ticket is less than what was asked for (it cannot be forwarded), because of an error that
   * nothing authenticates.
   */
  readonly isReduced: boolean
}

/** The ticket-granting ticket that a client has while its source gets another one. */
export interface HeldTgt {
  readonly current: Tgt | undefined
  /** The ticket that is being replaced because a KDC may not accept it any more. */
  readonly suspect: Tgt | undefined
}
