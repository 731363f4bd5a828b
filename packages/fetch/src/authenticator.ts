import { ConfigurationError, type ServiceTicket } from '@s4u/kdc-client'
import { Attempt, type AttemptDetails } from './attempt.js'
import { findServiceName } from './canonical-host.js'
import { checkNegotiateOptions, type NegotiateOptions, type TicketRequest } from './options.js'
import { originList, type OriginList } from './origin-list.js'
import { serviceNameOf } from './service-name.js'

/** What a token can be bound to, once it is known on which connections it will travel. */
export type BindingSource = (ticket: ServiceTicket) => Promise<Uint8Array | undefined> | undefined

/**
 * Tickets that were got because another one was stale, and when. If these are refused too, the key is not the reason, and a backend
 * that always says so cannot make us ask the KDC for every request.
 */
const gotAfresh = new WeakMap<object, number>()

/** By then the key may have changed once more; milliseconds. */
const AFRESH_AGAIN_AFTER = 60_000

/** Decides which requests carry a token, and makes them. */
export class Authenticator {
  /** The app's own list; undefined when it made none. */
  readonly isListed: OriginList | undefined
  readonly #options: NegotiateOptions
  readonly #refusal: 401 | 407

  /** `checked` has the same options but for the tickets, so that they need not be looked at again. @throws ConfigurationError */
  constructor(options: NegotiateOptions, refusal: 401 | 407 = 401, checked?: Authenticator) {
    if (checked === undefined) checkNegotiateOptions(options)
    const { origins } = options
    this.isListed = checked ? checked.isListed : origins && originList(origins)
    this.#options = options
    this.#refusal = refusal
  }

  /** The name of the service behind a URL; undefined when requests to it go without a token. */
  serviceName(url: URL): Promise<string | undefined> | string | undefined {
    if (this.#options.allowedImpersonationLevel === 'anonymous' || this.isListed?.(url) === false) return undefined
    if (!this.#options.canonicalName) return serviceNameOf(url, this.#options)
    return findServiceName(url, this.#options)
  }

  /** @throws KdcError, DelegationRefusedError, KdcUnreachableError, ConfigurationError GSS_S_BAD_BINDINGS */
  async begin(url: URL, spn: string, bindingsFor: BindingSource, request: TicketRequest = {}): Promise<Attempt> {
    const ticket = await this.#options.ticketFor(spn, request)
    return await this.#attempt(url, spn, ticket, bindingsFor, request)
  }

  /** The same with a fresh ticket; undefined when there is no better one. */
  async beginAfresh(
    failed: Attempt,
    url: URL,
    bindingsFor: BindingSource,
    request: TicketRequest,
  ): Promise<Attempt | undefined> {
    const { now = Date.now } = this.#options
    const { spn, ticket: stale } = failed.details
    if (now() < (gotAfresh.get(stale.ticket) ?? -Infinity) + AFRESH_AGAIN_AFTER) return undefined
    const ticket = await this.#options.ticketFor(spn, { ...request, fresh: true })
    if (ticket.ticket === stale.ticket) return undefined
    gotAfresh.set(ticket.ticket, now())
    return this.#attempt(url, spn, ticket, bindingsFor, request)
  }

  async #attempt(
    { origin }: URL,
    spn: string,
    ticket: ServiceTicket,
    bindingsFor: BindingSource,
    { signal }: TicketRequest,
  ): Promise<Attempt> {
    const { allowedImpersonationLevel, forwardTgt, channelBinding = 'allow' } = this.#options
    const bindings = channelBinding === 'off' ? undefined : bindingsFor(ticket)
    const channelBindings = bindings && (await bindings)
    if (channelBindings === undefined && channelBinding === 'require') throw noChannel(origin)
    const delegate =
      allowedImpersonationLevel === 'delegation' ? await forwardTgt?.(ticket, { ...(signal && { signal }) }) : undefined
    const details: AttemptDetails = {
      origin,
      spn,
      ticket,
      refusal: this.#refusal,
      ...(channelBindings && { channelBindings }),
      ...(delegate && { delegate }),
    }
    return new Attempt(details, this.#options)
  }
}

function noChannel(origin: string): ConfigurationError {
  return new ConfigurationError(`there is no channel to bind to on the way to ${origin}`, {
    code: 'GSS_S_BAD_BINDINGS',
    hint: 'channelBinding is require: use https, with a certificate signed with RSA or ECDSA, and the connections of this package.',
  })
}
