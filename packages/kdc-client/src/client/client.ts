import { type ForwardedTicket, requireKnownOptions } from '@s4u/krb5'
import {
  type OwnTicketOptions,
  SAVE_OPTIONS,
  type SaveOptions,
  TICKET_OPTIONS,
  type TicketOptions,
} from '../cache/ticket-options.js'
import type { NamedCredentialCache } from '../credential-caches/named-cache.js'
import { openCredentialCache } from '../credential-caches/open-credential-cache.js'
import { type DelegationInputs, type DelegationPlan, planDelegation } from '../delegation/delegation-plan.js'
import { type Plan, underEarlierNames } from '../delegation/earlier-names.js'
import { inspectEvidence } from '../delegation/evidence-inspection.js'
import { type DelegatedTicket, followPlan } from '../delegation/follow-plan.js'
import type { LentArmor } from '../fast/lent-armor.js'
import { armorOfClient } from '../session/armor-source.js'
import { credentialOf } from '../tickets/ccache-credential.js'
import type { S4uSubject } from '../tickets/s4u-user.js'
import type { EvidenceTicket, ServiceTicket } from '../tickets/service-ticket.js'
import type { ClientParts } from './client-parts.js'
import { type ClientSession, openSession } from './client-session.js'
import type { KdcClient } from './kdc-client.js'
import { ownTicketFor, renewedTgt, tgtToForward } from './own-tickets.js'
import { UserTickets } from './user-tickets.js'

export class Client implements KdcClient {
  readonly principal: string
  readonly realm: string
  readonly #session: ClientSession
  readonly #users: UserTickets

  constructor(parts: ClientParts) {
    this.#session = openSession(parts)
    this.#users = new UserTickets(this.#session)
    this.principal = this.#session.principal
    this.realm = this.#session.self.realm
  }

  /**
   * The armor for the sign-ins of other clients: the tickets that armor its own sign-ins, if an app
   * named them, or its own tickets.
   */
  get lends(): LentArmor {
    const { self, ownTgt, trusted, own, context, parts } = this.#session
    const source = armorOfClient({ self, clock: context.clock, ownTgt, trusted, own })
    return parts.armor.lent ?? { source, isNamed: false }
  }

  ticketFor(spn: string, options?: OwnTicketOptions): Promise<ServiceTicket> {
    return ownTicketFor(this.#session, spn, options)
  }

  s4u2self(user: S4uSubject, options?: TicketOptions): Promise<ServiceTicket> {
    return this.#users.s4u2self(user, options)
  }

  s4u2proxy(evidence: EvidenceTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket> {
    return this.#users.s4u2proxy(evidence, spn, options)
  }

  tgtToForward(options?: TicketOptions): Promise<ServiceTicket> {
    return tgtToForward(this.#session, options)
  }

  forwardedTgt(options?: TicketOptions): Promise<ServiceTicket> {
    return tgtToForward(this.#session, options, 'forwardedTgt')
  }

  ticketWith(tgt: ForwardedTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket> {
    return this.#users.ticketWith(tgt, spn, options)
  }

  async ticketAs(inputs: DelegationInputs, spn: string, given?: TicketOptions): Promise<DelegatedTicket> {
    const options = requireKnownOptions('ticketAs', given, TICKET_OPTIONS)
    const { authority, context } = this.#session
    const inspect = (evidence: EvidenceTicket) => inspectEvidence(evidence, authority)
    return followPlan(this, { inputs, spn, options, now: context.clock.now(), inspect })
  }

  async saveTo(cache: string | NamedCredentialCache, given?: SaveOptions): Promise<NamedCredentialCache> {
    const { signal = new AbortController().signal, renew } = requireKnownOptions('saveTo', given, SAVE_OPTIONS)
    const place = typeof cache === 'string' ? openCredentialCache(cache) : cache
    const tgt = renew === true ? await renewedTgt(this.#session, signal) : await this.#session.ownTgt.get(signal)
    await place.replace({ principal: tgt.client, credentials: [credentialOf(tgt)], settings: [], kdcOffset: 0 })
    return place
  }

  trusts(realm: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    return this.#session.trusted.leadTo(realm, signal)
  }

  explain(inputs: DelegationInputs): DelegationPlan {
    return planDelegation(inputs, this.#session.context.clock.now())
  }

  how(inputs: DelegationInputs): Plan {
    return underEarlierNames(this.explain(inputs))
  }
}
