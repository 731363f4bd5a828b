/** Tickets in the names of users. */

import { type ForwardedTicket, formatPrincipal, requireKnownOptions, samePrincipal } from '@s4u/krb5'
import { explainSignIn } from '../advice/sign-in-refusal.js'
import { resolveUserRealm } from '../as-exchange/user-realm.js'
import { fingerprintOf, ProxyIds, transitionKey } from '../cache/ticket-key.js'
import { TICKET_OPTIONS, type TicketOptions } from '../cache/ticket-options.js'
import { kdcAnswer } from '../errors/kdc-answer.js'
import { type CacheMiss, tell } from '../events/events.js'
import { requestS4u2proxy } from '../s4u/s4u2proxy.js'
import { requestS4u2self } from '../s4u/s4u2self.js'
import { verifyOwnTicket } from '../s4u/verify-own-ticket.js'
import { requestTicketThroughReferrals } from '../tgs-exchange/referral.js'
import { grantingTicketOf } from '../tickets/forwarded-ticket.js'
import { realmAsked, type Tgt } from '../tickets/granting-ticket.js'
import { nameOf } from '../tickets/principal-name.js'
import { nameOfUser, readSubject, type S4uSubject, type S4uUser } from '../tickets/s4u-user.js'
import { requireNamedRealm, type ServiceTarget } from '../tickets/service-target.js'
import { type EvidenceTicket, isForwardable, type ServiceTicket } from '../tickets/service-ticket.js'
import { cacheKeyBase, type ClientSession } from './client-session.js'
import { ownTicketFor } from './own-tickets.js'

export class UserTickets {
  readonly #session: ClientSession
  readonly #proxyIds = new ProxyIds()

  constructor(session: ClientSession) {
    this.#session = session
  }

  /** Returns a ticket for the service itself, in the name of a user. */
  async s4u2self(subject: S4uSubject, given?: TicketOptions): Promise<ServiceTicket> {
    const options = requireKnownOptions('s4u2self', given, TICKET_OPTIONS)
    const { self, users, parts } = this.#session
    const user = await readSubject(subject, self.realm, parts.domains)
    const { principal } = user
    // KDCs do not let a service impersonate itself (KDC_ERR_PADATA_TYPE_NOSUPP on Active
    // Directory).
    if (principal && samePrincipal(principal, self)) return this.#ticketToItself(options)
    const key = transitionKey(cacheKeyBase(this.#session, 's4u2self'), user)
    return users.get(key, (signal, cache) => this.#transition(user, signal, cache), options)
  }

  /** Returns a ticket for another service, in the name of the evidence's user. */
  async s4u2proxy(evidence: EvidenceTicket, spn: string, given?: TicketOptions): Promise<ServiceTicket> {
    const options = requireKnownOptions('s4u2proxy', given, TICKET_OPTIONS)
    const target = this.#session.targets.read(spn)
    const ask = (signal: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> =>
      this.#delegate(evidence, target, signal, cache)
    const id = this.#proxyIds.of(evidence, target, cacheKeyBase(this.#session, 's4u2proxy'))
    const ticket = await this.#session.users.getIdentified(id, ask, options)
    requireNamedRealm(target, ticket)
    return ticket
  }

  /** Returns a ticket for another service, requested with the user's own ticket-granting ticket. */
  async ticketWith(forwarded: ForwardedTicket, spn: string, given?: TicketOptions): Promise<ServiceTicket> {
    const options = requireKnownOptions('ticketWith', given, TICKET_OPTIONS)
    const { users, targets, context } = this.#session
    const service = targets.read(spn)
    const client = formatPrincipal(forwarded.client)
    const tgt = fingerprintOf(forwarded.ticket)
    const key = { ...cacheKeyBase(this.#session, 'forwarded'), client, tgt, service: service.text } as const
    const told = { step: 'TGS', account: client, target: service.asked } as const
    const ask = (signal: AbortSignal, cache: CacheMiss) =>
      tell({ ...told, cache }, () => this.#requestWith(forwarded, service, signal), context.journal)
    const ticket = await users.get(key, ask, options)
    requireNamedRealm(service, ticket)
    return ticket
  }

  async #requestWith(forwarded: ForwardedTicket, service: ServiceTarget, signal: AbortSignal): Promise<ServiceTicket> {
    const { self, trusted, context } = this.#session
    const client = formatPrincipal(forwarded.client)
    const tgt = grantingTicketOf(forwarded, self.realm)
    // The user wrote which realm the ticket is for, and knows its session key: a reply that seems
    // to come from a KDC may come from the user.
    const mayEnter = (realm: string): Promise<boolean> => trusted.leadTo(realm, signal)
    const request = { tgt, service, client: forwarded.client, mayEnter }
    const place = context.place && { ...context.place, user: client }
    const outcome = await requestTicketThroughReferrals({ ...context, signal, place }, request)
    if ('ticket' in outcome) return outcome.ticket
    const { etypes, otherSpelling } = context
    const askedRealm = realmAsked(outcome.shown)
    const answer = kdcAnswer('TGS', client, service.asked, outcome.refused)
    throw explainSignIn(answer, { etypes, otherSpelling, askedRealm })
  }

  #delegate(
    evidence: EvidenceTicket,
    target: ServiceTarget,
    signal: AbortSignal,
    cache: CacheMiss,
  ): Promise<ServiceTicket> {
    const { exchanges, trusted } = this.#session
    const tgtFor = (realm: string): Promise<Tgt> => trusted.tgtFor(realm, signal)
    const subject = { step: 'S4U2Proxy', target: target.asked, user: nameOf(evidence.client), evidence, cache } as const
    return exchanges.run(subject, signal, (context, tgt) =>
      requestS4u2proxy(context, { tgt, evidence, sname: target.name, tgtFor }),
    )
  }

  /**
   * Returns an ordinary ticket for the service itself. It is opened each time, because the cache
   * may hold it as the ticket for any other service.
   */
  async #ticketToItself(options: TicketOptions): Promise<ServiceTicket> {
    const { principal, authority } = this.#session
    const ticket = await ownTicketFor(this.#session, principal, options)
    // Without a key the ticket cannot be opened. It names no other user, so there is nothing to
    // check.
    if (authority.kind === 'sign-in') await verifyOwnTicket(ticket, false, authority)
    return ticket
  }

  /** Requests an S4U2Self ticket, through the KDC of the user's realm if that is another realm. */
  async #transition(asked: S4uUser, signal: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> {
    const { context, self, principal, authority, parts, exchanges, trusted } = this.#session
    const user = nameOfUser(asked, self.realm)
    const byCertificate = asked.principal === undefined
    const leadsTo = (realm: string): Promise<boolean> => trusted.leadTo(realm, signal)
    const isArmored = authority.kind === 'ready-ticket' && parts.armor.fast !== 'off'
    const found = await resolveUserRealm({ ...context, signal }, asked, self.realm, leadsTo)
    const ticket = await exchanges.run(
      { step: 'S4U2Self', target: principal, user, byCertificate, cache },
      signal,
      async (kdcContext, tgt) => {
        const request = { tgt, service: self, user: found.user, isArmored }
        const outcome = await requestS4u2self(kdcContext, request)
        if (!('ticket' in outcome)) return outcome
        await verifyOwnTicket(outcome.ticket, outcome.isSigned || outcome.isArmored, authority)
        return outcome
      },
      () => trusted.tgtFor(found.realm, signal),
    )
    if (isForwardable(ticket)) exchanges.noteTransition()
    return ticket
  }
}
