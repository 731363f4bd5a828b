import { beginNegotiation, encodeNegTokenResp } from '@s4u/gssapi'
import type { ApReqStep, NegotiationReply, NegotiationStep } from '@s4u/gssapi'
import { closeOptions, ConfigurationError, requireGiven, requireKnownOptions, S4uError, underNewNames } from '@s4u/krb5'
import type { Keytab, Notice, Ticket } from '@s4u/krb5'
import { ACCEPT_OPTIONS, type Acceptor, type AcceptOptions } from './acceptor.js'
import { acceptApReq, type AcceptContext, type CheckedApReq } from './ap-req/accept-ap-req.js'
import { krbErrorFor } from './ap-req/ap-reply.js'
import { requireTicketTime } from './checks/ap-req-checks.js'
import { AcceptorEvents } from './events/events.js'
import { ExchangeRecord } from './events/exchange-record.js'
import type { AuthenticationMethod } from './identity/identity-claims.js'
import type { Identity } from './identity/identity.js'
import { KeyRing } from './keys/key-ring.js'
import { keytabLocations } from './keys/keytab-source.js'
import type { AcceptOutcome } from './negotiation/accept-outcome.js'
import { PendingNegotiations, type Resume } from './negotiation/pending-negotiations.js'
import { accept, refuse, rejectionFor } from './negotiation/recorded-outcome.js'
import { unsupportedMechanism } from './negotiation/unsupported-mechanism.js'
import { ACCEPTOR_OPTIONS, type AcceptorOptions, RENAMED_OPTIONS } from './options/acceptor-options.js'
import { type AcceptorSettings, checkOptions, servicesOf } from './options/acceptor-settings.js'
import { krb5ConfOf, ignoresHostOf, keytabNameOf } from './options/krb5-conf-settings.js'
import { CurrentKeyOpener } from './ticket/current-key-opener.js'
import { clearTextFactsOf, factsOf } from './ticket/exchange-facts.js'
import { EXPECTED_TICKET, type ExpectedTicket, requireExpected } from './ticket/expected-ticket.js'
import { identityOfOwnTicket } from './ticket/identity-of-ticket.js'
import { underAccountName } from './ticket/names-of-client.js'
import { OwnTicket } from './ticket/own-ticket.js'
import { TicketOpener } from './ticket/ticket-opener.js'

/**
 * Creates an acceptor with the keys of a keytab. Options and files are checked before it returns.
 *
 * @throws ConfigurationError
 * @throws MissingKeyError naming the file and the principal
 *
 * @example
 * ```ts
 * import { createAcceptor } from '@s4u/acceptor'
 *
 * const acceptor = createAcceptor({ keytab: '/etc/web.keytab', service: 'HTTP/web.ad.test' })
 * console.log(acceptor.principals)
 * ```
 */
export function createAcceptor(options?: AcceptorOptions): Acceptor {
  const given = closeOptions('createAcceptor', options, ACCEPTOR_OPTIONS)
  const renamed = underNewNames('createAcceptor', given, RENAMED_OPTIONS)
  return new KeytabAcceptor(renamed.options, renamed.notices)
}

class KeytabAcceptor implements Acceptor {
  readonly #settings: AcceptorSettings
  readonly #events: AcceptorEvents
  readonly #keys: KeyRing
  readonly #tickets: TicketOpener
  readonly #ownTicket: OwnTicket
  readonly #opener: CurrentKeyOpener
  readonly #pending: PendingNegotiations
  #closed = false

  constructor(options: AcceptorOptions, notices: readonly Notice[]) {
    const conf = krb5ConfOf(options)
    this.#settings = checkOptions(options, conf)
    this.#events = new AcceptorEvents(options)
    for (const notice of notices) this.#events.publish(notice)
    const { now, permits } = this.#settings
    const ignoresHost = ignoresHostOf(options, conf)
    const policy = { services: servicesOf(options), aliases: options.serviceAliases ?? [], permits, ignoresHost }
    const locations = keytabLocations(options.keytab ?? keytabNameOf(conf))
    const deps = { now, events: this.#events }
    this.#keys = new KeyRing(locations, policy, deps)
    this.#tickets = new TicketOpener(this.#settings)
    this.#ownTicket = new OwnTicket(options.ownTicket, { ...deps, tickets: this.#tickets })
    this.#opener = new CurrentKeyOpener({
      ...deps,
      keys: this.#keys,
      tickets: this.#tickets,
      ownTicket: this.#ownTicket,
    })
    this.#pending = new PendingNegotiations(now)
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
    const opened = await this.#opener.open(ticket)
    requireExpected(opened.ticket, expected, this.#keys.keytab)
    requireTicketTime(opened.ticket.opened.encTicketPart, this.#settings.now(), this.#settings.clockSkew)
    // A ticket of the account for itself shows the SID of the account.
    if (expected.client !== undefined && expected.client === expected.service)
      this.#ownTicket.rememberSid(opened.ticket)
    const { origin = 's4u2self', requestedName } = expected
    if (origin === 'presented') return identityOfOwnTicket(opened.ticket, authenticationMethod)
    return identityOfOwnTicket(underAccountName(opened.ticket, this.#settings, requestedName), authenticationMethod)
  }

  async reloadKeytab(): Promise<Keytab> {
    await this.#keys.newerThan(await this.#keys.ready())
    return this.#keys.keytab
  }

  keytab(): Promise<Keytab> {
    return this.reloadKeytab()
  }

  close(): void {
    this.#closed = true
    this.#tickets.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async accept(token: Uint8Array, given?: AcceptOptions): Promise<AcceptOutcome> {
    const request = requireKnownOptions<AcceptOptions>('accept', given, ACCEPT_OPTIONS)
    const { negotiation } = request
    const resume = negotiation === undefined ? undefined : this.#pending.take(negotiation)
    const record = new ExchangeRecord(this.#events, request.clientAddress)
    try {
      if (this.#closed) throw new ConfigurationError('the acceptor is closed', { code: 'S4U_CLOSED' })
      requireGiven('accept: the token', token, 'octets', 'Give the token itself: parseAuthorization(header).token.')
      if (resume !== undefined) return await resume(token, request)
      return await this.#follow(beginNegotiation(token, { random: this.#settings.random }), request, record)
    } catch (error) {
      return refuse(error, record, S4uError.is(error) ? rejectionFor(error, token) : undefined)
    }
  }

  /**
   * Does what a token asks for. Here and below a promise is returned only where something must be
   * waited for: usually everything is at hand, and each `await` costs measurable time.
   */
  #follow(
    step: NegotiationStep,
    request: AcceptContext,
    record: ExchangeRecord,
  ): AcceptOutcome | Promise<AcceptOutcome> {
    if (step.status === 'ap-req') return this.#checkApReq(step, request, record)
    if (step.status === 'unsupported') {
      const { mechanism, offered, reply } = step
      const error = unsupportedMechanism(mechanism, offered, request.hintFor?.(mechanism))
      return refuse(error, record, reply, mechanism)
    }
    return this.#continue(step.reply, record, async (token, next) =>
      this.#follow(step.next(token), next, new ExchangeRecord(this.#events, next.clientAddress)),
    )
  }

  async #checkApReq(step: ApReqStep, request: AcceptContext, record: ExchangeRecord): Promise<AcceptOutcome> {
    const { apReq, framing, mechanism } = step
    record.add(() => ({ framing, mechanism, ...clearTextFactsOf(apReq.ticket) }))
    let checked: CheckedApReq
    try {
      const found = this.#opener.open(apReq.ticket)
      const { ticket, seenBefore } = found instanceof Promise ? await found : found
      const { realm } = ticket.serviceKey.principal
      record.add(() => factsOf(ticket, seenBefore, this.accountSid(realm)))
      if (!this.#keys.current?.serves(apReq.ticket, ticket.serviceKey))
        await this.#keys.requireNewName(apReq.ticket, ticket.serviceKey)
      const checking = acceptApReq(apReq, ticket, request, this.#settings, this.#events)
      checked = checking instanceof Promise ? await checking : checking
    } catch (error) {
      if (!S4uError.is(error)) throw error
      return refuse(error, record, step.reject(krbErrorFor(error, apReq.ticket, this.#settings.now())))
    }
    return this.#answer(step, checked, record)
  }

  /**
   * Answers a caller who is known. Only one check is left: whether somebody on the way has changed
   * the list of mechanisms.
   */
  #answer(step: ApReqStep, checked: CheckedApReq, record: ExchangeRecord): AcceptOutcome {
    const { identity, accepted, forwardedTicket } = checked
    if (forwardedTicket !== undefined) record.add(() => ({ forwardedTicket }))
    let reply: NegotiationReply
    try {
      reply = step.accept(accepted)
    } catch (error) {
      return refuse(error, record, encodeNegTokenResp({ negState: 'reject' }))
    }
    if (reply.status === 'complete') return accept(identity, reply, record)
    const { next } = reply
    return this.#continue(reply.reply, record, async (token, { clientAddress }) =>
      accept(identity, next(token), record.nextLeg(clientAddress)),
    )
  }

  #continue(reply: Uint8Array, record: ExchangeRecord, next: Resume): AcceptOutcome {
    const negotiation = this.#pending.keep(next)
    record.continued()
    return { status: 'continue', reply, negotiation }
  }
}
