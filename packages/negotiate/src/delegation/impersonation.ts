import type { ImpersonationLevel } from '@s4u/acceptor'
import {
  type AllowedImpersonationLevel,
  type AuthorizationFor,
  forwardedCredential,
  type Fetch,
  type FetchOptions,
  type FetchTickets,
  type NegotiationFor,
  type TokenTickets,
} from '@s4u/fetch'
import type { ImpersonationPlan } from './impersonation-plan.js'
import { createInitiator, type Initiator, type InitiatorOptions } from '@s4u/gssapi'
import {
  ConfigurationError,
  type OptionTableOf,
  requireKnownOptions,
  type ServiceTicket,
  shownInput,
  type TicketOptions,
} from '@s4u/kdc-client'

export type { FetchOptions } from '@s4u/fetch'

/** How an impersonation gets its tickets, so that it knows nothing of evidence and KDCs. */
export interface CallerTickets {
  readonly principal: string
  /** Reads it from the PAC, which may not be decoded yet. */
  readonly sid?: () => string | undefined
  readonly level: ImpersonationLevel
  ticketFor(spn: string, options?: TicketOptions): Promise<ServiceTicket>
  explain(spn: string): ImpersonationPlan
  readonly fetchOptions: FetchOptions
  /** Makes a fetch of these options, which have been checked. */
  fetchFor(tickets: FetchTickets): Fetch
  /** Makes tokens for other clients, with the same options. */
  negotiationsFor(tickets: TokenTickets): NegotiationFor
}

/**
 * The options of `contextFor`. What the service learns of the user is by default the same as with
 * `fetch`.
 */
export type ContextOptions = TicketOptions &
  Pick<InitiatorOptions, 'channelBindings' | 'flags' | 'framing' | 'identify' | 'mutual'> &
  Pick<FetchOptions, 'allowedImpersonationLevel' | 'forwardTgt' | 'okAsDelegate'>

const CONTEXT_OPTIONS = {
  signal: 'value',
  fresh: 'flag',
  maxAge: 'value',
  channelBindings: 'value',
  flags: 'value',
  framing: 'value',
  identify: 'flag',
  mutual: 'flag',
  allowedImpersonationLevel: 'value',
  forwardTgt: 'function',
  okAsDelegate: 'value',
} as const satisfies OptionTableOf<ContextOptions>

/**
 * Acts as one user. It is made without the network; the first use asks the KDC, later ones the
 * ticket cache.
 *
 * An impersonation switches nothing ambient, so that a forgotten disposal does no harm. After
 * disposal, every use is refused.
 *
 * @example
 * ```ts
 * import type { CallerIdentity } from '@s4u/negotiate'
 *
 * export async function reportFor(identity: CallerIdentity) {
 *   using caller = identity.impersonate()
 *   console.log(caller.principal, caller.level)
 *   return caller.fetch('https://api.ad.test/report')
 * }
 * ```
 */
export class Impersonation implements Disposable {
  /** The user as whom requests are made: `alice@AD.TEST`. */
  readonly principal: string
  readonly level: ImpersonationLevel
  /**
   * `fetch`, with a ticket in the user's name.
   * @throws DelegationRefusedError, KdcError, KdcUnreachableError, RejectedTokenError
   */
  readonly fetch: Fetch
  readonly #tickets: CallerTickets
  readonly #forFetch: FetchTickets
  #negotiationFor: NegotiationFor | undefined
  #ended = false

  constructor(tickets: CallerTickets) {
    this.principal = tickets.principal
    this.level = tickets.level
    this.#tickets = tickets
    this.#forFetch = new TicketsOfFetch(this, tickets)
    // Most impersonations are for one way of asking; each way is made when it is used.
    let bound: Fetch | undefined
    this.fetch = (input, init) =>
      this.#ended ? Promise.reject(this.#hasEnded()) : (bound ??= tickets.fetchFor(this.#forFetch))(input, init)
  }

  /**
   * Returns the `Authorization` header for a request of another client, such as axios, got or
   * `node:http`.
   * @throws as `fetch`; ConfigurationError when the URL gets no token
   */
  get authorizationFor(): AuthorizationFor {
    return async (url, request) => (await this.negotiationFor(url, request)).authorization
  }

  /** Returns the same header, and a check of the server's answer. @throws as `authorizationFor` */
  get negotiationFor(): NegotiationFor {
    return async (url, request) => {
      this.#refuseWhenEnded()
      this.#negotiationFor ??= this.#tickets.negotiationsFor(this.#forFetch)
      return this.#negotiationFor(url, request)
    }
  }

  /**
   * Returns a ticket for a service in the user's name, for protocols that take tickets themselves.
   * @throws as `fetch`
   */
  get ticketFor(): (spn: string, options?: TicketOptions) => Promise<ServiceTicket> {
    // A getter, so that it can be passed on: `createAuthorizationFor({ ticketFor: alice.ticketFor
    // })`.
    return (spn, options = {}) =>
      this.#ended ? Promise.reject(this.#hasEnded()) : this.#tickets.ticketFor(spn, options)
  }

  /**
   * Returns the method by which `ticketFor` would ask for a ticket, and of each method why it can
   * or cannot be used. No KDC is asked: what the caller permits, the app's own rules and the
   * evidence at hand decide, and a KDC may still refuse.
   *
   * ```ts
   * import type { CallerIdentity } from '@s4u/negotiate'
   *
   * export function methodFor(caller: CallerIdentity): string | undefined {
   *   return caller.impersonate().explain('HTTP/api.ad.test').method
   * }
   * ```
   *
   * @throws MalformedTokenError, ConfigurationError
   */
  explain(spn: string): ImpersonationPlan {
    this.#refuseWhenEnded()
    return this.#tickets.explain(spn)
  }

  /** @deprecated Since 0.2: call `explain`. */
  how(spn: string): ImpersonationPlan {
    return this.explain(spn)
  }

  /**
   * Returns the client's side of a GSS-API negotiation with a service, for any protocol:
   * `postgres/db.ad.test`, `ldap/dc1.ad.test`.
   * @throws as `fetch`
   */
  async contextFor(spn: string, given?: ContextOptions): Promise<Initiator> {
    this.#refuseWhenEnded()
    const byDefault = this.#tickets.fetchOptions
    const { now = Date.now } = byDefault
    const options = requireKnownOptions('contextFor', given, CONTEXT_OPTIONS)
    const { signal, fresh, maxAge, channelBindings, flags, framing, mutual } = options
    const { allowedImpersonationLevel = byDefault.allowedImpersonationLevel, forwardTgt = byDefault.forwardTgt } =
      options
    const { okAsDelegate = byDefault.okAsDelegate } = options
    const level = requireLevel(spn, { allowedImpersonationLevel, forwardTgt })
    const ticket = await this.ticketFor(spn, { signal, fresh, maxAge })
    const delegate = level === 'delegation' ? await toForward(ticket, { forwardTgt, okAsDelegate }, signal) : undefined
    const identify = level === 'identification' || options.identify
    return createInitiator({ channelBindings, flags, framing, mutual, identify, delegate, ticket, now })
  }

  [Symbol.dispose](): void {
    this.#ended = true
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Impersonation(${this.principal}, ${this.#ended ? 'ended' : this.level})`
  }

  #refuseWhenEnded(): void {
    if (this.#ended) throw this.#hasEnded()
  }

  #hasEnded(): ConfigurationError {
    return new ConfigurationError(`the impersonation of ${this.principal} has ended`, {
      code: 'GSS_S_NO_CONTEXT',
      hint: 'It was used after its `using` block, or after dispose. Call identity.impersonate() again where it is needed.',
    })
  }
}

/** A class, since V8 makes an object with a getter anew each time, member by member. */
class TicketsOfFetch implements FetchTickets {
  readonly ticketFor: FetchTickets['ticketFor']
  readonly ticketForProxy: NonNullable<FetchTickets['ticketForProxy']>
  readonly #tickets: CallerTickets

  constructor(impersonation: Impersonation, tickets: CallerTickets) {
    this.ticketFor = (spn, request) => impersonation.ticketFor(spn, request)
    // Connections outlive this impersonation and serve the next one of the same caller.
    this.ticketForProxy = (spn, request) => tickets.ticketFor(spn, request)
    this.#tickets = tickets
  }

  /** Read only when an event needs it, since the PAC that has the SID may not be decoded yet. */
  get clientSid(): string | undefined {
    return this.#tickets.sid?.()
  }
}

/**
 * Returns a ticket-granting ticket to forward; undefined where the service or the user cannot be
 * delegated: the context is then that of `impersonation`.
 */
async function toForward(
  ticket: ServiceTicket,
  rules: Pick<FetchOptions, 'forwardTgt' | 'okAsDelegate'>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const forwarded = await forwardedCredential(ticket, rules, signal)
  return 'credential' in forwarded ? forwarded.credential : undefined
}

/**
 * Checks the level: a context always names a user, and what it forwards must be at hand.
 * @throws ConfigurationError
 */
function requireLevel(
  spn: string,
  { allowedImpersonationLevel: level = 'impersonation', forwardTgt }: ContextOptions,
): AllowedImpersonationLevel {
  switch (level) {
    case 'delegation':
      if (forwardTgt) return level
      throw new ConfigurationError(`a ticket-granting ticket is to be forwarded to ${spn}, and there is none`, {
        code: 'GSS_S_NO_CRED',
        hint: 'Give forwardTgt, which supplies it; or use impersonation, and let the service use constrained delegation.',
      })
    case 'impersonation':
    case 'identification':
      return level
    case 'anonymous':
      throw new ConfigurationError(`a context with ${spn} names the user, and allowedImpersonationLevel is anonymous`, {
        code: 'GSS_S_NO_CRED',
        hint: 'Connect without authentication, or give the context an allowedImpersonationLevel of its own.',
      })
    default:
      throw new ConfigurationError(`${shownInput(level)} is no allowedImpersonationLevel`)
  }
}
