import { ConfigurationError, configuredHostNames, S4uError, type ServiceTicket } from '@s4u/kdc-client'
import { Attempt, type AttemptDetails, clientOf, type Judgement } from './attempt.js'
import { findServiceName } from '../service-names/canonical-host.js'
import { publish } from '../events/events.js'
import type { NotForwarded } from '../events/fetch-event.js'
import { forwardedCredential } from './forwarded-credential.js'
import { requireTicket } from '../given-values.js'
import { hasAsked } from '../options/learned-origins.js'
import { checkTokenOptions, type TokenOptions, type TokenTickets } from '../options/token-options.js'
import { originList, type OriginList } from '../options/origin-list.js'
import { serviceNameAs, serviceNameOf } from '../service-names/service-name.js'
import { ServiceNameError } from '../service-names/service-name-error.js'
import { explainUnknownName, hintForHost } from '../service-names/unknown-name.js'
import { hintFor, mayBeUnproven, UnprovenAnswerError } from '../answers/unproven-answer.js'

/** Finds what tokens can be bound to on the connections that a ticket uses. */
export type BindingSource = (ticket: ServiceTicket) => Promise<Uint8Array | undefined> | undefined

/**
 * Tickets that replaced a stale one, and when. If such a ticket is refused too, the key is not the
 * reason. A backend that always claims it cannot make us ask the KDC for each request.
 */
const renewedTickets = new WeakMap<object, number>()

/** After this time the key may have changed once more; milliseconds. */
const RENEW_AGAIN_AFTER = 60_000

/** Whose request it is, and which connections it uses. */
export interface TokenContext {
  /** The tickets to use. */
  readonly tickets: TokenTickets
  /** Undefined where there is no TLS connection to bind to. */
  readonly bindingsFor?: BindingSource
  readonly signal?: AbortSignal
}

/**
 * Decides which requests carry a token, and makes the tokens. One object serves all identities,
 * since only the ticket belongs to an identity.
 */
export class TokenIssuer {
  /** The app's own list of origins; undefined if it has none. */
  readonly isListed: OriginList | undefined
  readonly #options: TokenOptions
  readonly #refusal: 401 | 407

  /** @throws ConfigurationError */
  constructor(given: TokenOptions, refusal: 401 | 407 = 401) {
    const options = { ...configuredHostNames(), ...given }
    checkTokenOptions(options)
    const { origins } = options
    this.isListed = origins && originList(origins)
    this.#options = options
    this.#refusal = refusal
  }

  /**
   * Returns the service principal name for a URL; undefined if requests to it carry no token.
   * @param named a name in place of that of the URL
   */
  serviceName(url: URL, named?: string): Promise<string | undefined> | string | undefined {
    if (this.#options.allowedImpersonationLevel === 'anonymous' || this.isListed?.(url) === false) return undefined
    if (named !== undefined) return serviceNameAs(named, url)
    if (!this.#options.canonicalName) return serviceNameOf(url, this.#options)
    return findServiceName(url, this.#options)
  }

  /** Tells that a request goes without a token because its URL has no service principal name. */
  noticeNoServiceName(url: URL): void {
    const { allowedImpersonationLevel } = this.#options
    if (allowedImpersonationLevel === 'anonymous' || this.isListed?.(url) === false) return
    const message = `a request to ${url.origin} goes without a token: an IP address has no service principal name`
    const notice = { kind: 'notice', level: 'warn', code: 'S4U_NO_SERVICE_NAME' } as const
    publish({ ...notice, message, hint: hintForHost(url) }, this.#options)
  }

  /**
   * Returns whether an answer from this URL needs a proof: the app has listed its origin, or the
   * origin has asked before. A server there that does not ask is not the server that is meant.
   */
  expectsProof(url: URL): boolean {
    const { mutualAuthentication = 'require', allowedImpersonationLevel } = this.#options
    if (mutualAuthentication === 'off' || allowedImpersonationLevel === 'anonymous') return false
    return this.isListed === undefined ? hasAsked(url) : this.isListed(url)
  }

  /**
   * Judges the answer of a server that should have asked for a token, and did not.
   * @throws UnprovenAnswerError unless it is an error that the app wants to see
   */
  judgeNotAsking({ origin }: URL, service: string, status: number): Extract<Judgement, { kind: 'unproven' }> {
    const { mutualAuthentication, sanitize = true } = this.#options
    const code = 'KRB_AP_ERR_MUT_FAIL'
    publish({ kind: 'server-not-asking', origin, service, status, code }, this.#options)
    if (mayBeUnproven(mutualAuthentication, status)) return { kind: 'unproven', sanitize }
    const what = 'without asking for a token, and did not prove its identity'
    const ask =
      'Where the server has pages that need no token, send one all the same (preemptive: true), or take the origin from the list.'
    throw new UnprovenAnswerError(what, { origin, service, status }, { code, hint: `${hintFor(status)} ${ask}` })
  }

  /**
   * Gets a ticket and starts a negotiation.
   * @throws KdcError, DelegationRefusedError, KdcUnreachableError, ConfigurationError
   * GSS_S_BAD_BINDINGS
   */
  async begin(url: URL, spn: string, context: TokenContext): Promise<Attempt> {
    const { tickets, signal } = context
    let ticket: ServiceTicket
    try {
      ticket = requireTicket(await tickets.ticketFor(spn, { signal }))
    } catch (error) {
      throw explainUnknownName(error, url, spn, this.#options)
    }
    return this.#attempt(url, spn, ticket, context)
  }

  /**
   * Starts again with a new ticket. Resolves undefined if the KDC gives no other ticket or cannot
   * be asked: the backend's refusal is then the answer.
   */
  async beginWithFreshTicket(failed: Attempt, url: URL, context: TokenContext): Promise<Attempt | undefined> {
    const { now = Date.now } = this.#options
    const { tickets, signal } = context
    const { spn, ticket: stale } = failed.details
    if (now() < (renewedTickets.get(stale.ticket) ?? -Infinity) + RENEW_AGAIN_AFTER) return undefined
    const got = await tickets.ticketFor(spn, { signal, fresh: true }).catch((error: unknown) => {
      if (signal?.aborted || !S4uError.is(error)) throw error
      return stale
    })
    const ticket = requireTicket(got)
    if (ticket.ticket === stale.ticket) return undefined
    renewedTickets.set(ticket.ticket, now())
    return this.#attempt(url, spn, ticket, context)
  }

  #publishNotForwarded(details: AttemptDetails, why: NotForwarded): void {
    const { origin, spn: service } = details
    publish({ kind: 'not-forwarded', origin, service, ...clientOf(details), ...why }, this.#options)
  }

  /**
   * Starts a negotiation with a ticket. Returns no promise if there is nothing to wait for, as
   * mostly.
   */
  #attempt(url: URL, spn: string, ticket: ServiceTicket, context: TokenContext): Promise<Attempt> | Attempt {
    const { allowedImpersonationLevel, channelBinding = 'allow' } = this.#options
    const bindings = channelBinding === 'off' ? undefined : context.bindingsFor?.(ticket)
    const whose = 'clientSid' in context.tickets ? context.tickets : undefined
    const details: AttemptDetails = { origin: url.origin, spn, ticket, whose, refusal: this.#refusal }
    const isPlain = channelBinding !== 'require' && allowedImpersonationLevel !== 'delegation'
    if (bindings === undefined && isPlain) return new Attempt(details, this.#options)
    return this.#attemptWith(details, bindings, context)
  }

  async #attemptWith(
    details: AttemptDetails,
    bindings: ReturnType<BindingSource>,
    { signal }: TokenContext,
  ): Promise<Attempt> {
    const { allowedImpersonationLevel, channelBinding } = this.#options
    const channelBindings = await bindings
    if (channelBindings === undefined && channelBinding === 'require') throw noChannel(details.origin)
    if (allowedImpersonationLevel !== 'delegation') return new Attempt({ ...details, channelBindings }, this.#options)
    const forwarded = await forwardedCredential(details.ticket, this.#options, signal)
    if ('credential' in forwarded)
      return new Attempt({ ...details, channelBindings, delegate: forwarded.credential }, this.#options)
    this.#publishNotForwarded(details, forwarded)
    return new Attempt({ ...details, channelBindings }, this.#options)
  }
}

/** Makes the error for an origin that has to prove itself and has no service principal name. */
export function noName(url: URL): ServiceNameError {
  return new ServiceNameError(`${url.origin} has no service principal name, and could not prove its identity`, {
    code: 'GSS_S_NO_CRED',
    hint: `${hintForHost(url)} mutualAuthentication: 'off' believes any server.`,
  })
}

function noChannel(origin: string): ConfigurationError {
  return new ConfigurationError(`there is no channel to bind to on the way to ${origin}`, {
    code: 'GSS_S_BAD_BINDINGS',
    hint: 'channelBinding is require: use https, with a certificate signed with RSA or ECDSA, and the connections of this package.',
  })
}
