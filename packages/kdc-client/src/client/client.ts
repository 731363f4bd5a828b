import {
  formatPrincipal,
  type ForwardedTicket,
  KdcOption,
  type Principal,
  requireKnownOptions,
  samePrincipal,
} from '@s4u/krb5'
import { credentialOf } from '../tickets/ccache-credential.js'
import type { NamedCredentialCache } from '../credential-caches/named-cache.js'
import { openCredentialCache } from '../credential-caches/open-credential-cache.js'
import type { Authority } from '../credentials/credentials.js'
import { grantingTicketOf } from '../tickets/forwarded-ticket.js'
import type { ClientParts } from './client-parts.js'
import { kdcAnswer } from '../errors/kdc-answer.js'
import { type CacheMiss, tell } from '../events/events.js'
import { Exchanges } from '../session/exchange-runner.js'
import { armorOfClient } from '../session/armor-source.js'
import { signInArmorOf, ticketArmorOf } from '../fast/armor-use.js'
import type { LentArmor } from '../fast/lent-armor.js'
import { chooseEvidence, type Grounds, type Plan } from '../delegation/delegation-plan.js'
import { lookAtEvidence } from '../delegation/evidence-inspection.js'
import { climb, type DelegatedTicket } from '../delegation/follow-plan.js'
import type { KdcClient } from './kdc-client.js'
import {
  OWN_TICKET_OPTIONS,
  type OwnTicketOptions,
  TICKET_OPTIONS,
  type TicketOptions,
} from '../cache/ticket-options.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { realmAsked } from '../tickets/granting-ticket.js'
import { requestTicketThroughReferrals } from '../tgs-exchange/referral.js'
import { verifyOwnTicket } from '../s4u/verify-own-ticket.js'
import { nameOfUser, readSubject, type S4uSubject, type S4uUser } from '../tickets/s4u-user.js'
import { requestS4u2self } from '../s4u/s4u2self.js'
import { requestS4u2proxy } from '../s4u/s4u2proxy.js'
import { requireNamedRealm, type ServiceTarget, ServiceTargets } from '../tickets/service-target.js'
import { type EvidenceTicket, isForwardable, type ServiceTicket } from '../tickets/service-ticket.js'
import { explainSignIn } from '../advice/sign-in-refusal.js'
import { requestTicket } from '../tgs-exchange/tgs-exchange.js'
import { ticketAtHand } from '../cache/ticket-in-ccache.js'
import { TicketCache } from '../cache/ticket-cache.js'
import { TicketGranting } from '../session/ticket-granting.js'
import { fingerprintOf, ProxyIds, transitionKey } from '../cache/ticket-key.js'
import { nameOf } from '../tickets/principal-name.js'
import { SealedTickets } from '../cache/shared-tickets.js'
import { TrustedRealms } from '../session/trusted-realms.js'
import { placeUser } from '../as-exchange/user-realm.js'

export class Client implements KdcClient {
  readonly principal: string
  private readonly context: KdcContext
  private readonly authority: Authority
  private readonly self: Principal
  private readonly granting: TicketGranting
  /** The service's own tickets, and those of its users: apart, so that no mistake in a key could ever mix them. */
  private readonly own: TicketCache
  private readonly users: TicketCache
  private readonly parts: ClientParts
  private readonly targets: ServiceTargets
  private readonly exchanges: Exchanges
  private readonly trusted: TrustedRealms
  private readonly proxyIds = new ProxyIds()

  constructor(parts: ClientParts) {
    const { authority, cache } = parts
    const ticketArmor = ticketArmorOf(parts.armor, authority, () => parts.context.clock.now())
    const context: KdcContext = { ...parts.context, ...(ticketArmor && { ticketArmor }) }
    const { journal } = context
    const now = (): number => context.clock.now()
    const { refusedFor, maxBytes } = cache
    const shared = cache.shared && new SealedTickets(cache.shared, context.random)
    this.parts = parts
    this.context = context
    this.authority = authority
    this.self = authority.principal
    this.principal = formatPrincipal(this.self)
    this.targets = new ServiceTargets(this.self, parts.conf)
    const onRestored = (): void => {
      this.own.clear()
      this.users.clear()
    }
    this.granting = new TicketGranting(context, authority, { onRestored, armor: signInArmorOf(parts.armor) })
    const mayShare = (): boolean => !this.granting.isReduced
    // It will be another one as soon as the directory lets this service, or this user, have it.
    const lacksMachine = (): boolean => context.ticketArmor?.lacksMachine ?? false
    const isProvisional = (ticket: ServiceTicket): boolean =>
      lacksMachine() || (!isForwardable(ticket) && samePrincipal(ticket.service, this.self))
    this.own = new TicketCache({ now, refusedFor, isProvisional: lacksMachine, journal })
    this.exchanges = new Exchanges(context, authority, this.granting, this.own)
    this.users = new TicketCache({ now, refusedFor, maxBytes, shared, mayShare, isProvisional, journal })
    const { self, granting, exchanges, own } = this
    const capaths = (from: string, to: string) => parts.conf?.conf.capath(from, to)
    this.trusted = new TrustedRealms({ self, etypes: context.etypes, granting, exchanges, own, capaths })
  }

  get realm(): string {
    return this.self.realm
  }

  /** What armors the sign-ins of others: the tickets that armor its own, if they are somebody else's, or its own. */
  get lends(): LentArmor {
    const { self, granting, trusted, own, context } = this
    const source = armorOfClient({ self, clock: context.clock, granting, trusted, own })
    return this.parts.armor.lent ?? { source, isNamed: false }
  }

  async ticketFor(spn: string, given?: OwnTicketOptions): Promise<ServiceTicket> {
    const { userToUser, ...caching } = requireKnownOptions('ticketFor', given, OWN_TICKET_OPTIONS)
    const service = this.targets.read(spn)
    const key = { ...this.asker('own'), service: service.text } as const
    const about = (cache: CacheMiss) => ({ step: 'TGS', target: service.asked, cache }) as const
    if (userToUser) {
      const options = [KdcOption.ENC_TKT_IN_SKEY]
      const request = { sname: service.name, options, additionalTickets: [userToUser] }
      const ask = (signal: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> =>
        this.exchanges.run(about(cache), signal, (context, tgt) =>
          requestTicket(context, { ...request, tgt, expectedClient: tgt.client }),
        )
      return this.own.get({ ...key, options, userToUser: fingerprintOf(userToUser) }, ask, caching)
    }
    const ask = async (signal: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> =>
      (await this.atHand(service, cache, caching)) ??
      this.exchanges.run(
        about(cache),
        signal,
        (context, tgt) => requestTicketThroughReferrals(context, { tgt, service, client: tgt.client }),
        () => this.trusted.tgtFor(service.realm, signal),
      )
    return this.own.get(key, ask, caching)
  }

  async s4u2self(subject: S4uSubject, given?: TicketOptions): Promise<ServiceTicket> {
    const options = requireKnownOptions('s4u2self', given, TICKET_OPTIONS)
    const user = readSubject(subject, this.realm, this.parts.domains)
    const { principal } = user
    // A KDC refuses to let a service impersonate itself (KDC_ERR_PADATA_TYPE_NOSUPP on Active Directory), and there is no need.
    if (principal && samePrincipal(principal, this.self)) return this.ticketToItself(options)
    const key = transitionKey(this.asker('s4u2self'), user)
    return this.users.get(key, (signal, cache) => this.transition(user, signal, cache), options)
  }

  async s4u2proxy(evidence: EvidenceTicket, spn: string, given?: TicketOptions): Promise<ServiceTicket> {
    const options = requireKnownOptions('s4u2proxy', given, TICKET_OPTIONS)
    const target = this.targets.read(spn)
    const ask = (signal: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> =>
      this.delegate(evidence, target, signal, cache)
    const id = this.proxyIds.of(evidence, target, this.asker('s4u2proxy'))
    const ticket = await this.users.getIdentified(id, ask, options)
    requireNamedRealm(target, ticket)
    return ticket
  }

  /** Source: RFC 4120 section 3.3.3, "FORWARDED". */
  async forwardedTgt(given?: TicketOptions): Promise<ServiceTicket> {
    const caching = requireKnownOptions('forwardedTgt', given, TICKET_OPTIONS)
    const target = `krbtgt/${this.realm}`
    const options = [KdcOption.FORWARDED]
    const ask = (signal: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> =>
      this.exchanges.run({ step: 'TGS', target, cache }, signal, (context, tgt) =>
        requestTicket(context, { tgt, sname: tgt.service.name, options, expectedClient: tgt.client }),
      )
    return this.own.get({ ...this.asker('own'), service: `${target}@${this.realm}`, options }, ask, caching)
  }

  async ticketWith(forwarded: ForwardedTicket, spn: string, given?: TicketOptions): Promise<ServiceTicket> {
    const options = requireKnownOptions('ticketWith', given, TICKET_OPTIONS)
    const service = this.targets.read(spn)
    const client = formatPrincipal(forwarded.client)
    const tgt = fingerprintOf(forwarded.ticket)
    const key = { ...this.asker('forwarded'), client, tgt, service: service.text } as const
    const ask = async (signal: AbortSignal): Promise<ServiceTicket> => {
      const start = grantingTicketOf(forwarded, this.realm)
      // The user has written where it begins, and knows the session key: what the KDC seems to seal
      // may be the user's as well.
      const mayEnter = (realm: string): Promise<boolean> => this.trusted.leadTo(realm, signal)
      const request = { tgt: start, service, client: forwarded.client, mayEnter }
      const place = this.context.place && { ...this.context.place, user: client }
      const outcome = await requestTicketThroughReferrals({ ...this.context, signal, place }, request)
      if ('ticket' in outcome) return outcome.ticket
      const { etypes, otherSpelling } = this.context
      const askedRealm = realmAsked(outcome.shown)
      throw explainSignIn(kdcAnswer('TGS', client, service.asked, outcome.refused), {
        etypes,
        otherSpelling,
        askedRealm,
      })
    }
    const told = { step: 'TGS', account: client, target: service.asked } as const
    const { journal } = this.context
    const request = (signal: AbortSignal, cache: CacheMiss) => tell({ ...told, cache }, () => ask(signal), journal)
    const ticket = await this.users.get(key, request, options)
    requireNamedRealm(service, ticket)
    return ticket
  }

  async ticketAs(grounds: Grounds, spn: string, given?: TicketOptions): Promise<DelegatedTicket> {
    const options = requireKnownOptions('ticketAs', given, TICKET_OPTIONS)
    const sightOf = (evidence: EvidenceTicket) => lookAtEvidence(evidence, this.authority)
    return climb(this, grounds, spn, options, { now: this.context.clock.now(), sightOf })
  }

  async saveTo(
    cache: string | NamedCredentialCache,
    given?: Pick<TicketOptions, 'signal'>,
  ): Promise<NamedCredentialCache> {
    const { signal } = requireKnownOptions('saveTo', given, { signal: 'value' })
    const place = typeof cache === 'string' ? openCredentialCache(cache) : cache
    const tgt = await this.granting.tgt(signal)
    await place.replace({ principal: tgt.client, credentials: [credentialOf(tgt)], settings: [], kdcOffset: 0 })
    return place
  }

  trusts(realm: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    return this.trusted.leadTo(realm, signal)
  }

  how(grounds: Grounds): Plan {
    return chooseEvidence(grounds, this.context.clock.now())
  }

  private atHand(service: ServiceTarget, cache: CacheMiss, options: TicketOptions): Promise<ServiceTicket | undefined> {
    const { etypes, clock } = this.context
    return ticketAtHand(this.authority, { service, etypes, now: clock.now(), cache, options })
  }

  /** Of compound identity: a client that lends its tickets without being named armors sign-ins alone. */
  private get machine(): string | undefined {
    const { lent } = this.parts.armor
    return lent?.isNamed ? lent.source.account : undefined
  }

  private asker<Kind extends string>(kind: Kind) {
    return { kind, client: this.principal, etypes: this.context.etypes, armor: this.machine } as const
  }

  private delegate(
    evidence: EvidenceTicket,
    target: ServiceTarget,
    signal: AbortSignal,
    cache: CacheMiss,
  ): Promise<ServiceTicket> {
    const tgtFor = (realm: string): Promise<ServiceTicket> => this.trusted.tgtFor(realm, signal)
    const about = { step: 'S4U2Proxy', target: target.asked, user: nameOf(evidence.client), evidence, cache } as const
    return this.exchanges.run(about, signal, (context, tgt) =>
      requestS4u2proxy(context, { tgt, evidence, sname: target.name, tgtFor }),
    )
  }

  /**
   * In its own name. It is opened each time: what the cache holds of it may have been asked for as
   * any other service's.
   */
  private async ticketToItself(options: TicketOptions): Promise<ServiceTicket> {
    const ticket = await this.ticketFor(this.principal, options)
    // Without a key there is nothing to open it with, and nobody else's name is claimed.
    if (this.authority.kind === 'sign-in') await verifyOwnTicket(ticket, false, this.authority)
    return ticket
  }

  /** S4U2Self, by way of the user's realm where that is another one. */
  private async transition(asked: S4uUser, signal: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> {
    const byCertificate = asked.principal === undefined
    const said = { user: nameOfUser(asked, this.realm), byCertificate }
    const about = { step: 'S4U2Self', target: this.principal, ...said, cache } as const
    const leadsTo = (realm: string): Promise<boolean> => this.trusted.leadTo(realm, signal)
    const isArmored = this.authority.kind === 'ready-ticket' && this.parts.armor.fast !== 'off'
    const { user, realm } = await placeUser({ ...this.context, signal }, asked, this.realm, leadsTo)
    const ticket = await this.exchanges.run(
      about,
      signal,
      async (context, tgt) => {
        const outcome = await requestS4u2self(context, { tgt, service: this.self, user, isArmored })
        if (!('ticket' in outcome)) return outcome
        await verifyOwnTicket(outcome.ticket, outcome.isSigned || outcome.isArmored, this.authority)
        return outcome
      },
      () => this.trusted.tgtFor(realm, signal),
    )
    if (isForwardable(ticket)) this.exchanges.noteTransition()
    return ticket
  }
}
