import type { ForwardedTicket } from '@s4u/krb5'
import type { OwnTicketOptions, SaveOptions, TicketOptions } from '../cache/ticket-options.js'
import type { NamedCredentialCache } from '../credential-caches/named-cache.js'
import type { DelegationInputs, DelegationPlan } from '../delegation/delegation-plan.js'
import type { Plan } from '../delegation/earlier-names.js'
import type { DelegatedTicket } from '../delegation/follow-plan.js'
import type { S4uSubject } from '../tickets/s4u-user.js'
import type { EvidenceTicket, ServiceTicket } from '../tickets/service-ticket.js'

/**
 * Requests tickets from KDCs, for the service itself or in the name of a user. One client serves
 * all requests of a process. Made by `createKdcClient`.
 */
export interface KdcClient {
  /** The account that signs in: `svc-web@AD.TEST`. */
  readonly principal: string
  readonly realm: string
  /**
   * Returns a ticket in the service's own name.
   *
   * @param spn `HTTP/api.ad.test`
   * @throws KdcError, KdcUnreachableError
   */
  ticketFor(spn: string, options?: OwnTicketOptions): Promise<ServiceTicket>
  /**
   * Returns a ticket for this service in the name of a user (protocol transition). For the account
   * of the service itself it returns an ordinary ticket, because KDCs refuse S4U2Self there.
   *
   * @param user `bob`, `bob@AD.TEST`, `AD\bob`, a user principal name, or `{ certificate }`
   * @throws DelegationRefusedError, KdcError, KdcUnreachableError
   */
  s4u2self(user: S4uSubject, options?: TicketOptions): Promise<ServiceTicket>
  /**
   * Returns a ticket for another service, in the name of the evidence's user.
   *
   * @throws DelegationRefusedError, KdcError, KdcUnreachableError, RejectedTokenError
   */
  s4u2proxy(evidence: EvidenceTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket>
  /**
   * Returns a ticket-granting ticket of this client, to forward to a service. That service can then
   * do everything in this client's name (unconstrained delegation).
   *
   * @throws KdcError, KdcUnreachableError
   */
  tgtToForward(options?: TicketOptions): Promise<ServiceTicket>
  /** @deprecated Use `tgtToForward`. */
  forwardedTgt(options?: TicketOptions): Promise<ServiceTicket>
  /**
   * Returns a ticket for another service, requested with a ticket-granting ticket that a user has
   * forwarded.
   *
   * @throws KdcError, KdcUnreachableError, RejectedTokenError
   */
  ticketWith(tgt: ForwardedTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket>
  /**
   * Returns a ticket for another service in a user's name, by the best method that the inputs
   * allow.
   *
   * @throws DelegationRefusedError, KdcError, KdcUnreachableError, RejectedTokenError
   */
  ticketAs(inputs: DelegationInputs, spn: string, options?: TicketOptions): Promise<DelegatedTicket>
  /**
   * Writes the client's ticket-granting ticket into a credential cache, as kinit does, and removes
   * what the cache had before. In a folder (`DIR:`) and in a KCM the caches of other principals
   * stay, and this one becomes the current one. With `renew` the KDC renews the ticket first, as
   * with `kinit -R`. To add another ticket: `cache.store(credentialOf(ticket))`.
   *
   * @param cache a name as in KRB5CCNAME, `'FILE:/run/user/1000/krb5cc'`, or an opened cache
   * @throws as `ticketFor`; ConfigurationError if the cache cannot be written; KdcError
   * KDC_ERR_BADOPTION for a ticket that cannot be renewed
   */
  saveTo(cache: string | NamedCredentialCache, options?: SaveOptions): Promise<NamedCredentialCache>
  /**
   * Resolves to whether the client's KDC leads to the KDCs of a realm: it is the client's own
   * realm, or the KDC refers there.
   *
   * @throws KdcUnreachableError
   */
  trusts(realm: string, options?: { readonly signal?: AbortSignal }): Promise<boolean>
  /**
   * Returns the method by which `ticketAs` would begin, and why each other method can or cannot be
   * used. No network.
   */
  explain(inputs: DelegationInputs): DelegationPlan
  /** @deprecated Use `explain`. */
  how(inputs: DelegationInputs): Plan
}
