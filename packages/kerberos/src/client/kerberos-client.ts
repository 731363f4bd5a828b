import { createInitiator, type InitiatorStep, sealForwardedCredential, type SecurityContext } from '@s4u/gssapi'
import type { ServiceTicket } from '@s4u/kdc-client'
import {
  ConfigurationError,
  formatPrincipal,
  MalformedTokenError,
  printableName,
  RejectedTokenError,
  S4uError,
} from '@s4u/krb5'
import { inGssWords } from '../errors/mit-words.js'
import { requireString } from '../errors/parameters.js'
import { base64Of, octetsOfToken } from '../messages/base64.js'
import {
  noContext,
  unwrapText,
  type UnwrapOptions,
  type WrapOptions,
  wrapText,
} from '../messages/protected-messages.js'
import { Turns } from '../messages/turns.js'
import { asDeclared } from '../messages/declared-text.js'
import type { ContextWishes } from './context-wishes.js'
import { isStale, noteStale, takeStale } from './stale-tickets.js'
import type { TicketSource } from './ticket-source.js'

/** What a client of a service knows before its first step. */
export interface ClientPlan {
  readonly wishes: ContextWishes
  /** The service principal name. */
  readonly spn: string
  /** Supplies the tickets; the credentials may be looked up only now. */
  readonly source: () => Promise<TicketSource>
}

/** Where a negotiation stands. */
type Stage =
  | { readonly at: 'start' }
  | {
      readonly at: 'waiting'
      readonly username: string
      readonly tickets: TicketSource
      readonly step: (reply: Uint8Array | undefined) => InitiatorStep
    }
  | { readonly at: 'established'; readonly username: string; readonly context: SecurityContext }
  | { readonly at: 'failed'; readonly error: unknown }

interface Begun {
  readonly username: string
  readonly tickets: TicketSource
}

/** The client's side of a context. Made by `initializeClient`. */
export class KerberosClient {
  readonly #plan: ClientPlan
  readonly #turns = new Turns()
  #stage: Stage = { at: 'start' }
  #response: string | null = null
  #responseConf = 0

  /** @internal */
  constructor(plan: ClientPlan) {
    this.#plan = plan
  }

  /** The name of this side: `alice@AD.TEST`. `null` until the context is established. */
  get username(): string {
    return asDeclared(this.#stage.at === 'established' ? this.#stage.username : null)
  }

  /** The output of the last call, in base64; `null` if it had none. */
  get response(): string {
    return asDeclared(this.#response)
  }

  /** 1 if the message that was unwrapped last was sealed; 0 if it was only signed. */
  get responseConf(): number {
    return this.#responseConf
  }

  /** Whether both sides have proved themselves, as far as the flags ask for it. */
  get contextComplete(): boolean {
    return this.#stage.at === 'established'
  }

  /**
   * Takes a token of the service and resolves to the next one for it, in base64; to `null` if there
   * is none. The first call takes an empty text. After a refusal each further call is refused with
   * the same error.
   *
   * @throws TypeError, KerberosError
   */
  async step(challenge: string): Promise<string> {
    requireString('challenge', challenge)
    return asDeclared(await this.#turns.take(() => this.#take(challenge)))
  }

  /**
   * Wraps data for the service; with the option `user`, the choice of a SASL client.
   *
   * @param challenge the data in base64, or the offer of a SASL server
   * @throws TypeError, KerberosError
   */
  async wrap(challenge: string, options: WrapOptions = {}): Promise<string> {
    requireString('challenge', challenge)
    return this.#remember(this.#inContext((context) => wrapText(context, challenge, options)))
  }

  /**
   * Opens a message of the service and resolves to its data in base64. `responseConf` says whether
   * it was sealed; with `{ protect: true }` one that was not is refused.
   *
   * @throws TypeError, KerberosError
   */
  async unwrap(challenge: string, options: UnwrapOptions = {}): Promise<string> {
    requireString('challenge', challenge)
    this.#responseConf = 0
    const { data, sealed } = this.#inContext((context) => unwrapText(context, challenge, options))
    this.#responseConf = sealed ? 1 : 0
    return this.#remember(data)
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { at } = this.#stage
    return `KerberosClient { service: '${printableName(this.#plan.spn)}', ${at} }`
  }

  async #take(challenge: string): Promise<string | null> {
    this.#response = null
    const stage = this.#stage
    try {
      this.#response = await this.#advance(stage, challenge)
    } catch (error) {
      const told = inGssWords(error)
      // A caller may repeat a first step that failed: the service has received no token yet.
      if (stage.at === 'waiting') this.#stage = { at: 'failed', error: told }
      if (stage.at === 'waiting' && isStale(error)) noteStale(stage.tickets, this.#plan.spn)
      throw told
    }
    return this.#response
  }

  async #advance(stage: Stage, challenge: string): Promise<string | null> {
    if (stage.at === 'failed') throw stage.error
    if (stage.at === 'established') throw alreadyEstablished()
    const reply = challenge === '' ? undefined : octetsOfToken('challenge', challenge)
    if (stage.at === 'start') return this.#begin(reply)
    return this.#follow(stage.step(reply), stage)
  }

  async #begin(reply: Uint8Array | undefined): Promise<string | null> {
    if (reply !== undefined) throw challengeTooEarly()
    const { wishes, spn, source } = this.#plan
    const tickets = await source()
    const ticket = await ticketFor(tickets, spn)
    const username = formatPrincipal(ticket.client)
    // A KDC client checks the name itself. An impersonation, which has no `tgtToForward`, may be
    // any object, so its ticket is checked here.
    if (tickets.tgtToForward === undefined) requireUser(printableName(username), tickets.principal)
    const delegate = wishes.forward ? await forwarded(tickets, ticket) : undefined
    const { mutual, framing, flags } = wishes
    const begun = createInitiator({ ticket, mutual, framing, flags, ...(delegate && { delegate }), now: Date.now })
    // Without SPNEGO and without a proof of the service there is nothing to wait for.
    if (!mutual && framing === 'krb5') this.#follow(begun.step(undefined), { username, tickets })
    else this.#stage = { at: 'waiting', username, tickets, step: (answer) => begun.step(answer) }
    return base64Of(begun.token)
  }

  #follow(step: InitiatorStep, { username, tickets }: Begun): string | null {
    this.#stage =
      step.status === 'established'
        ? { at: 'established', username, context: step.context }
        : { at: 'waiting', username, tickets, step: (reply) => step.step(reply) }
    return step.token === undefined ? null : base64Of(step.token)
  }

  #inContext<T>(use: (context: SecurityContext) => T): T {
    this.#response = null
    try {
      if (this.#stage.at !== 'established') throw noContext()
      return use(this.#stage.context)
    } catch (error) {
      throw inGssWords(error)
    }
  }

  #remember(response: string): string {
    this.#response = response
    return response
  }
}

async function ticketFor(tickets: TicketSource, spn: string): Promise<ServiceTicket> {
  try {
    return await tickets.ticketFor(spn, takeStale(tickets, spn) ? { fresh: true } : {})
  } catch (error) {
    if (!S4uError.is(error) || error.code !== 'KDC_ERR_S_PRINCIPAL_UNKNOWN') throw error
    const name = spn.includes('@') ? spn : `${spn}${tickets.principal.slice(tickets.principal.lastIndexOf('@'))}`
    throw inGssWords(error, { minor: `Server ${name} not found in Kerberos database` })
  }
}

/**
 * Returns the user's ticket-granting ticket, sealed for the service; undefined where it cannot be
 * forwarded. As with MIT's library the context is then made without it.
 */
async function forwarded(tickets: TicketSource, ticket: ServiceTicket): Promise<Uint8Array | undefined> {
  if (tickets.tgtToForward === undefined) throw nothingToForward()
  try {
    return sealForwardedCredential(await tickets.tgtToForward(), ticket.sessionKey)
  } catch (error) {
    if (S4uError.is(error) && NOT_FORWARDABLE.has(error.code)) return undefined
    throw error
  }
}

/**
 * The codes of a KDC that does not forward a ticket of this user. Source: RFC 4120 section 3.3.3.
 */
const NOT_FORWARDABLE: ReadonlySet<string> = new Set(['KDC_ERR_BADOPTION', 'KDC_ERR_POLICY'])

/** One user's context must never carry another user's ticket, whatever supplied it. */
function requireUser(found: string, wanted: string): void {
  if (found === wanted) return
  throw new RejectedTokenError(`a ticket of ${wanted} was asked for, and it is one of ${found}`, {
    code: 'KRB_AP_ERR_BADMATCH',
  })
}

function nothingToForward(): ConfigurationError {
  return new ConfigurationError(
    'GSS_C_DELEG_FLAG is set, and there is no ticket-granting ticket of the impersonated user',
    {
      code: 'GSS_S_NO_CRED',
      hint: 'Leave the flag out: the service can use constrained delegation.',
    },
  )
}

function alreadyEstablished(): ConfigurationError {
  return new ConfigurationError('Context is already fully established', {
    code: 'GSS_S_UNAVAILABLE',
    hint: 'Call step until contextComplete is true, and not again.',
  })
}

function challengeTooEarly(): MalformedTokenError {
  return new MalformedTokenError({
    path: 'challenge',
    expected: 'an empty text in the first step',
    found: 'a token',
    hint: "Begin with step(''). What a server sends with its first 401 is no token of this negotiation.",
  })
}
