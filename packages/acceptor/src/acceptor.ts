import { beginNegotiation, encodeNegTokenResp, rejectionOf } from '@s4u/gssapi'
import type { ApReqStep, CompletedNegotiation, NegotiationReply, NegotiationStep } from '@s4u/gssapi'
import {
  closeOptions,
  ConfigurationError,
  MalformedTokenError,
  RejectedTokenError,
  requireGiven,
  requireKnownOptions,
  S4uError,
} from '@s4u/krb5'
import type { Keytab, OptionTableOf, Ticket } from '@s4u/krb5'
import type { AcceptOutcome, Accepted, PendingNegotiation, Refused } from './accept-outcome.js'
import { ACCEPTOR_OPTIONS } from './acceptor-options.js'
import { checkOptions, servicesOf } from './acceptor-settings.js'
import type { AcceptorOptions } from './acceptor-options.js'
import type { AcceptorSettings } from './acceptor-settings.js'
import { confOf, ignoresHostOf, keytabNameOf } from './configured-acceptance.js'
import { krbErrorFor } from './ap-reply.js'
import { ACCEPT_CONTEXT, acceptApReq } from './ap-req-acceptance.js'
import { requireTicketTime } from './ap-req-checks.js'
import type { AcceptContext, JudgedApReq } from './ap-req-acceptance.js'
import { AcceptorEvents } from './events.js'
import type { ExchangeEvent } from './events.js'
import { EXPECTED_TICKET, type ExpectedTicket, requireExpected } from './expected-ticket.js'
import { factsOf, sealedFactsOf } from './exchange-facts.js'
import type { AuthenticationMethod, Identity } from './identity.js'
import { identityOfOwnTicket } from './identity-of-ticket.js'
import { KeyRing } from './key-ring.js'
import { keytabPlaces } from './keytab-source.js'
import { underAccountName } from './names-of-client.js'
import { OwnTicket } from './own-ticket.js'
import { PendingLegs, type Resume } from './pending-legs.js'
import type { ServiceKeys } from './service-keys.js'
import { type FoundTicket, isKeyTrouble, TicketOpener } from './ticket-opener.js'
import { unsupportedMechanism } from './unsupported-mechanism.js'

/** The service's side of sign-on. Safe for any number of requests at once. */
export interface Acceptor extends Disposable {
  /**
   * One leg: the client's token in, the verdict out. Never rejects for what a peer sends.
   * @throws ConfigurationError when `negotiation` is not one of this acceptor's
   */
  accept(
    token: Uint8Array,
    context?: AcceptContext & { readonly negotiation?: PendingNegotiation },
  ): Promise<AcceptOutcome>
  /**
   * The identity in a ticket to this service that the service itself asked the KDC for (S4U2Self). Keys, times and PAC are judged as
   * always, and compared with what was asked for; that the user is present is the app's word.
   * @throws RejectedTokenError, MissingKeyError, MalformedTokenError
   */
  identify(ticket: Ticket, authenticationMethod: AuthenticationMethod, expected?: ExpectedTicket): Promise<Identity>
  /** The keytab as it is now, read again where it has changed, for signing in with it. @throws as `ready` */
  keytab(): Promise<Keytab>
  /** The keytab that `principals` are those of. Undefined before a provider has given its keytab. */
  readonly currentKeytab: Keytab | undefined
  /** Resolves when the keys are there. @throws ConfigurationError, MissingKeyError */
  ready(): Promise<void>
  /** The names that are accepted now: `HTTP/web.ad.test@AD.TEST`. Empty before a provider has given its keytab. */
  readonly principals: readonly string[]
  /**
   * The SID of the service's account in a realm, where a ticket of its own has told it: for audits. Undefined before, and outside Active
   * Directory.
   */
  accountSid(realm: string): string | undefined
  /** Forgets opened tickets. Later tokens are refused. */
  close(): void
}

/**
 * An acceptor with the keys of a keytab. Options and files are checked at once.
 * @throws ConfigurationError, MissingKeyError naming the file and the principal
 */
export function createAcceptor(options?: AcceptorOptions): Acceptor {
  return new KeytabAcceptor(closeOptions('createAcceptor', options, ACCEPTOR_OPTIONS))
}

/** The peer is told where it is the peer's fault. */
function rejectionFor(error: S4uError, token: Uint8Array): Uint8Array | undefined {
  const isPeers = error instanceof MalformedTokenError || error instanceof RejectedTokenError
  return isPeers ? rejectionOf(token) : undefined
}

const NO_FACTS: Partial<ExchangeEvent> = {}

type AcceptOptions = AcceptContext & { readonly negotiation?: PendingNegotiation }

const ACCEPT_OPTIONS = { ...ACCEPT_CONTEXT, negotiation: 'value' } as const satisfies OptionTableOf<AcceptOptions>

class KeytabAcceptor implements Acceptor {
  readonly #settings: AcceptorSettings
  readonly #events: AcceptorEvents
  readonly #keys: KeyRing
  readonly #tickets: TicketOpener
  readonly #ownTicket: OwnTicket
  readonly #pending: PendingLegs
  #closed = false

  constructor(options: AcceptorOptions) {
    const conf = confOf(options)
    this.#settings = checkOptions(options, conf)
    this.#events = new AcceptorEvents(options)
    const { now, permits } = this.#settings
    const ignoresHost = ignoresHostOf(options, conf)
    const policy = { services: servicesOf(options), aliases: options.serviceAliases ?? [], permits, ignoresHost }
    const places = keytabPlaces(options.keytab ?? keytabNameOf(conf))
    this.#keys = new KeyRing(places, policy, { events: this.#events, now })
    this.#tickets = new TicketOpener(this.#settings)
    this.#ownTicket = new OwnTicket(options.ownTicket, { now, events: this.#events, tickets: this.#tickets })
    this.#pending = new PendingLegs(now)
    this.#settings.domainSids.warnOfUnnamed(this.#keys.current?.realms ?? [])
  }

  get principals(): readonly string[] {
    return this.#keys.current?.principals ?? []
  }

  get currentKeytab(): Keytab | undefined {
    return this.#keys.current && this.#keys.keytab
  }

  accountSid(realm: string): string | undefined {
    return this.#ownTicket.sidOf(realm)
  }

  async ready(): Promise<void> {
    if (this.#keys.current !== undefined) return
    this.#settings.domainSids.warnOfUnnamed((await this.#keys.ready()).realms)
  }

  async identify(
    ticket: Ticket,
    authenticationMethod: AuthenticationMethod,
    given?: ExpectedTicket,
  ): Promise<Identity> {
    const expected = requireKnownOptions('identify', given, EXPECTED_TICKET)
    requireGiven(
      'identify: the ticket',
      ticket,
      ['realm', 'sname', 'encPart'],
      'Give { ticket } of what client.s4u2self resolves to.',
    )
    const opened = await this.#openTicket(ticket)
    requireExpected(opened.ticket, expected, this.#keys.keytab)
    requireTicketTime(opened.ticket.opened.encTicketPart, this.#settings.now(), this.#settings.clockSkew)
    if (expected.client !== undefined && expected.client === expected.service) this.#ownTicket.note(opened.ticket)
    const { origin = 's4u2self', requestedName } = expected
    if (origin === 'presented') return identityOfOwnTicket(opened.ticket, authenticationMethod)
    return identityOfOwnTicket(underAccountName(opened.ticket, this.#settings, requestedName), authenticationMethod)
  }

  async keytab(): Promise<Keytab> {
    await this.#keys.newerThan(await this.#keys.ready())
    return this.#keys.keytab
  }

  close(): void {
    this.#closed = true
    this.#tickets.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async accept(token: Uint8Array, given?: AcceptOptions): Promise<AcceptOutcome> {
    const context = requireKnownOptions<AcceptOptions>('accept', given, ACCEPT_OPTIONS)
    const { negotiation } = context
    const resume = negotiation === undefined ? undefined : this.#pending.take(negotiation)
    try {
      if (this.#closed) throw new ConfigurationError('the acceptor is closed', { code: 'S4U_CLOSED' })
      requireGiven('accept: the token', token, 'octets', 'Give the token itself: parseAuthorization(header).token.')
      if (resume !== undefined) return await resume(token, context)
      return await this.#take(beginNegotiation(token, { random: this.#settings.random }), context)
    } catch (error) {
      return this.#refuse(error, context, S4uError.is(error) ? rejectionFor(error, token) : undefined)
    }
  }

  /** Promises here and below are for what takes time alone: as a rule all is at hand, and each `await` costs. */
  #take(step: NegotiationStep, context: AcceptContext): AcceptOutcome | Promise<AcceptOutcome> {
    if (step.status === 'ap-req') return this.#judge(step, context)
    if (step.status === 'unsupported') {
      const error = unsupportedMechanism(step.mechanism, step.offered)
      return this.#refuse(error, context, step.reply, { mechanism: step.mechanism })
    }
    const next: Resume = async (token, nextContext) => this.#take(step.next(token), nextContext)
    return this.#continue(step.reply, next, context)
  }

  async #judge(step: ApReqStep, context: AcceptContext): Promise<AcceptOutcome> {
    const { apReq, framing, mechanism } = step
    let facts = this.#ifWanted(() => ({ framing, mechanism, ...sealedFactsOf(apReq.ticket) }))
    let judged: JudgedApReq
    try {
      const found = this.#openTicket(apReq.ticket)
      const { ticket, seenBefore } = found instanceof Promise ? await found : found
      const { realm } = ticket.serviceKey.principal
      facts = this.#ifWanted(() => ({ ...facts, ...factsOf(ticket, seenBefore, this.accountSid(realm)) }))
      if (!this.#keys.current?.serves(apReq.ticket, ticket.serviceKey))
        await this.#keys.requireNewName(apReq.ticket, ticket.serviceKey)
      const judgement = acceptApReq(apReq, ticket, context, this.#settings, this.#events)
      judged = judgement instanceof Promise ? await judgement : judgement
    } catch (error) {
      if (!S4uError.is(error)) throw error
      return this.#refuse(error, context, step.reject(krbErrorFor(error, apReq.ticket, this.#settings.now())), facts)
    }
    return this.#answer(step, judged, context, facts)
  }

  /** The caller is known; what is left is whether somebody tampered with the list of mechanisms. */
  #answer(step: ApReqStep, judged: JudgedApReq, context: AcceptContext, facts: Partial<ExchangeEvent>): AcceptOutcome {
    const { identity, accepted, forwardedTicket } = judged
    if (forwardedTicket !== undefined) facts = this.#ifWanted(() => ({ ...facts, forwardedTicket }))
    let reply: NegotiationReply
    try {
      reply = step.accept(accepted)
    } catch (error) {
      return this.#refuse(error, context, encodeNegTokenResp({ negState: 'reject' }), facts)
    }
    if (reply.status === 'complete') return this.#accept(identity, reply, context, facts)
    const { next } = reply
    const finish: Resume = async (token, nextContext) => this.#accept(identity, next(token), nextContext, facts)
    return this.#continue(reply.reply, finish, context, facts)
  }

  #openTicket(ticket: Ticket): FoundTicket | Promise<FoundTicket> {
    const checking = this.#keys.checkNowAndThen(this.#settings.now())
    return checking ? checking.then(() => this.#openWithCurrent(ticket)) : this.#openWithCurrent(ticket)
  }

  #openWithCurrent(ticket: Ticket): FoundTicket | Promise<FoundTicket> {
    const { current } = this.#keys
    return current ? this.#openWith(current, ticket) : this.#keys.ready().then((keys) => this.#openWith(keys, ticket))
  }

  #openWith(keys: ServiceKeys, ticket: Ticket): FoundTicket | Promise<FoundTicket> {
    const known = this.#tickets.find(ticket, keys)
    if (known !== undefined) return this.#ownTicket.settle({ ticket: known, seenBefore: true }, keys)
    try {
      const opened = this.#tickets.open(ticket, keys)
      const { label: service, kvno, newestKvno } = opened.ticket.serviceKey
      const news = kvno < newestKvno && !opened.seenBefore
      if (news) this.#events.publish({ kind: 'old-key-used', service, kvno, newestKvno })
      return this.#ownTicket.settle(opened, keys)
    } catch (error) {
      if (!isKeyTrouble(error)) throw error
      return this.#openWithNewer(keys, ticket, error)
    }
  }

  /** The key may have been changed since the last look: its first ticket must not be refused. */
  async #openWithNewer(keys: ServiceKeys, ticket: Ticket, error: unknown): Promise<FoundTicket> {
    const newer = await this.#keys.newerThan(keys)
    if (newer === undefined) throw error
    return this.#openWith(newer, ticket)
  }

  #continue(
    reply: Uint8Array,
    next: Resume,
    context: AcceptContext,
    facts: Partial<ExchangeEvent> = {},
  ): AcceptOutcome {
    const negotiation = this.#pending.keep(next)
    this.#record('continue', context, facts)
    return { status: 'continue', reply, negotiation }
  }

  #accept(
    identity: Identity,
    { reply, context: securityContext }: CompletedNegotiation,
    request: AcceptContext,
    facts: Partial<ExchangeEvent>,
  ): Accepted {
    if (this.#events.wanted) {
      const { impersonationLevel, delegatedBy } = identity
      this.#record('accepted', request, { ...facts, impersonationLevel, delegatedBy })
    }
    return { status: 'accepted', identity, context: securityContext, reply }
  }

  /** Anything but an error of s4u is a fault of this program: it is thrown, so that it is seen. */
  #refuse(error: unknown, context: AcceptContext, reply?: Uint8Array, facts: Partial<ExchangeEvent> = {}): Refused {
    if (!S4uError.is(error)) throw error
    const { code, message, hint } = error
    this.#tell('refused', context, { ...facts, code, message, hint, error })
    const mechanism = error.code === 'GSS_S_BAD_MECH' ? facts.mechanism : undefined
    return { status: 'refused', error, reply, mechanism }
  }

  /** Facts are for events alone: without listeners they are not worth gathering. */
  #ifWanted(facts: () => Partial<ExchangeEvent>): Partial<ExchangeEvent> {
    return this.#events.wanted ? facts() : NO_FACTS
  }

  #record(outcome: ExchangeEvent['outcome'], context: AcceptContext, facts: Partial<ExchangeEvent>): void {
    if (this.#events.wanted) this.#tell(outcome, context, facts)
  }

  #tell(outcome: ExchangeEvent['outcome'], { clientAddress }: AcceptContext, facts: Partial<ExchangeEvent>): void {
    this.#events.publish({ ...facts, kind: 'exchange', outcome, clientAddress })
  }
}
