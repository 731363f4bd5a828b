import { ContextFlag, isKerberos, type SecurityContext, unframe } from '@s4u/gssapi'
import {
  ConfigurationError,
  MalformedTokenError,
  type OptionTableOf,
  RejectedTokenError,
  requireKnownOptions,
  requireOneOf,
  type S4uError,
} from '@s4u/krb5'
import { ProtectedMessages } from '../layer/protected-messages.js'
import { MAX_SENT_OCTETS, type SecurityLayer } from '../layer/security-layer.js'
import {
  decodeLayerMessage,
  encodeLayerMessage,
  MECHANISMS,
  protectionOfFlags,
  protectionsOf,
  type SaslMechanism,
  type SaslProtection,
} from '../protection/protection.js'
import { maxOctetsOf, noContext } from './sasl-client.js'
import type { AcceptContext, AcceptedToken, PendingToken, TokenAcceptor } from './token-acceptor.js'

/** A caller: an `Identity` of @s4u/acceptor is one. */
export interface SaslIdentity {
  readonly principal: string
}

/** Options of `createSaslServer`. */
export interface SaslServerOptions<I extends SaslIdentity> {
  readonly mechanism: SaslMechanism
  /** What checks tickets: an acceptor of @s4u/acceptor. */
  readonly acceptor: TokenAcceptor<I>
  /** What else the acceptor needs to know of the connection: `clientAddress`, its TLS. */
  readonly acceptContext?: AcceptContext
  /** What is offered, one or several. Default: `confidentiality`. */
  readonly protection?: SaslProtection | readonly SaslProtection[]
  /** The longest protected message that is taken, in octets. Default: 65,536. */
  readonly maxOctets?: number
  /** How much the keys may protect in one direction, in octets. Default: 2^36 (64 GiB). */
  readonly rekeyAfter?: number
  /**
   * Whether the caller may act as `authorizationId`, which it asked for. Default: only as its own
   * principal.
   */
  readonly mayActAs?: (identity: I, authorizationId: string) => boolean
}

/** Every name in SaslServerOptions; others are refused. */
export const SASL_SERVER_OPTIONS = {
  mechanism: 'value',
  acceptor: 'value',
  acceptContext: 'value',
  protection: 'value',
  maxOctets: 'value',
  rekeyAfter: 'value',
  mayActAs: 'function',
} as const satisfies OptionTableOf<SaslServerOptions<SaslIdentity>>

/** One step of a sign-in. A refusal is a value: no client can make a server throw. */
export type SaslServerStep<I> =
  | { readonly status: 'continue'; readonly challenge: Uint8Array }
  /** `challenge`, if there is one, goes with the success (RFC 4422 section 3.6). */
  | {
      readonly status: 'complete'
      readonly challenge?: Uint8Array
      readonly identity: I
      /** As whom the client wants to act, and may; undefined if it asked for nothing. */
      readonly authorizationId?: string
      readonly protection: SaslProtection
    }
  /** `error` is for the log, and never for the client. */
  | { readonly status: 'refused'; readonly error: S4uError; readonly challenge?: Uint8Array }

/** The server's side of one sign-in, and of the messages after it. */
export interface SaslServer<I> {
  readonly mechanism: SaslMechanism
  readonly isComplete: boolean
  readonly protection: SaslProtection | undefined
  readonly layer: SecurityLayer | undefined
  /** Takes the client's response; without one, where the protocol has no initial response. */
  step(response?: Uint8Array): Promise<SaslServerStep<I>>
  wrap(data: Uint8Array): Uint8Array
  /** @throws MalformedTokenError, RejectedTokenError */
  unwrap(chunk: Uint8Array): Uint8Array
}

/**
 * Begins the server's side of a sign-in by SASL, without I/O. Source: RFC 4752 section 3.2,
 * MS-SPNG.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { createSaslServer, type SaslIdentity, type TokenAcceptor } from '@s4u/sasl'
 *
 * type Mail = TokenAcceptor<SaslIdentity>
 *
 * export async function callerOf(acceptor: Mail, token: Uint8Array): Promise<string> {
 *   const step = await createSaslServer({ mechanism: 'GSS-SPNEGO', acceptor }).step(token)
 *   return step.status === 'complete' ? step.identity.principal : step.status
 * }
 * ```
 */
export function createSaslServer<I extends SaslIdentity>(given: SaslServerOptions<I>): SaslServer<I> {
  const options = requireKnownOptions<SaslServerOptions<I>>('createSaslServer', given, SASL_SERVER_OPTIONS)
  if (requireOneOf('mechanism', options.mechanism, MECHANISMS) === undefined)
    throw new ConfigurationError(`createSaslServer: mechanism must be one of ${MECHANISMS.join(', ')}`)
  return new Server(options)
}

type NextStep<I> = (response: Uint8Array) => Promise<SaslServerStep<I>> | SaslServerStep<I>

class Server<I extends SaslIdentity> implements SaslServer<I> {
  readonly mechanism: SaslMechanism
  readonly #options: SaslServerOptions<I>
  readonly #offer: readonly SaslProtection[]
  readonly #maxOctets: number
  #next: NextStep<I> | undefined = (response) => this.#begin(response)
  #messages: ProtectedMessages | undefined

  constructor(options: SaslServerOptions<I>) {
    this.mechanism = options.mechanism
    this.#options = options
    this.#offer = protectionsOf('protection', options.protection)
    this.#maxOctets = maxOctetsOf(options.maxOctets)
  }

  get isComplete(): boolean {
    return this.#messages !== undefined
  }

  get protection(): SaslProtection | undefined {
    return this.#messages?.protection
  }

  get layer(): SecurityLayer | undefined {
    return this.#messages?.layer
  }

  async step(response: Uint8Array = NOTHING): Promise<SaslServerStep<I>> {
    const next = this.#next
    this.#next = undefined
    if (next === undefined) throw noContext('the sign-in has ended')
    try {
      return await next(response)
    } catch (error) {
      // What a client sent is its own fault, and the client's alone.
      if (error instanceof MalformedTokenError || error instanceof RejectedTokenError)
        return { status: 'refused', error }
      throw error
    }
  }

  wrap(data: Uint8Array): Uint8Array {
    return this.#requireMessages().wrap(data)
  }

  unwrap(chunk: Uint8Array): Uint8Array {
    return this.#requireMessages().unwrap(chunk)
  }

  #requireMessages(): ProtectedMessages {
    if (this.#messages !== undefined) return this.#messages
    throw noContext('the sign-in is not complete')
  }

  #begin(response: Uint8Array): Promise<SaslServerStep<I>> | SaslServerStep<I> {
    if (response.length === 0) {
      this.#next = (first) => this.#accept(first)
      return { status: 'continue', challenge: NOTHING }
    }
    return this.#accept(response)
  }

  async #accept(token: Uint8Array, negotiation?: PendingToken): Promise<SaslServerStep<I>> {
    if (negotiation === undefined) requireMechanism(this.mechanism, token)
    const { acceptor, acceptContext } = this.#options
    const outcome = await acceptor.accept(token, { ...acceptContext, ...(negotiation && { negotiation }) })
    if (outcome.status === 'refused')
      return { status: 'refused', error: outcome.error, ...(outcome.reply && { challenge: outcome.reply }) }
    if (outcome.status === 'continue') {
      this.#next = (response) => this.#accept(response, outcome.negotiation)
      return { status: 'continue', challenge: outcome.reply }
    }
    return this.mechanism === 'GSSAPI' ? this.#afterApReq(outcome) : this.#afterSpnego(outcome)
  }

  /** The AP-REP is answered with an empty response, which is followed by the offer. */
  #afterApReq({ identity, context, reply }: AcceptedToken<I>): SaslServerStep<I> {
    const offer = (): SaslServerStep<I> => {
      this.#next = (choice) => this.#choose(identity, context, choice)
      const maxOctets = this.#offer.every((one) => one === 'none') ? 0 : this.#maxOctets
      const message = encodeLayerMessage({ protections: this.#offer, maxOctets, authorizationId: NOTHING })
      return { status: 'continue', challenge: context.wrap(message, { confidential: false }) }
    }
    if (reply === undefined) return offer()
    this.#next = (empty) => {
      if (empty.length === 0) return offer()
      throw clientSent('response to the AP-REP', 'no octets', `${empty.length} octets`)
    }
    return { status: 'continue', challenge: reply }
  }

  #choose(identity: I, context: SecurityContext, response: Uint8Array): SaslServerStep<I> {
    const choice = decodeLayerMessage(context.unwrap(response))
    const [protection, ...more] = choice.protections
    if (protection === undefined || more.length > 0)
      throw clientSent('choice', 'one protection', `${choice.protections.length}`)
    if (!this.#offer.includes(protection)) throw notPermitted(`chose ${protection}, which was not offered`)
    const authorizationId = new TextDecoder().decode(choice.authorizationId)
    if (authorizationId !== '' && !this.#mayActAs(identity, authorizationId))
      throw notPermitted('may not act as the identity that it asked for', 'KDC_ERR_POLICY')
    this.#complete(context, protection, choice.maxOctets)
    return { status: 'complete', identity, protection, ...(authorizationId !== '' && { authorizationId }) }
  }

  #mayActAs(identity: I, authorizationId: string): boolean {
    const { mayActAs = ({ principal }: I, asked: string) => principal === asked } = this.#options
    // Only `true` permits: a promise that somebody forgot to wait for does not.
    return mayActAs(identity, authorizationId) === true
  }

  #afterSpnego({ identity, context, reply }: AcceptedToken<I>): SaslServerStep<I> {
    const protection = protectionOfFlags(context.flags)
    if (!this.#offer.includes(protection)) throw notPermitted(`asked for ${protection}, which is not offered`)
    this.#complete(context, protection, MAX_SENT_OCTETS)
    return { status: 'complete', identity, protection, ...(reply !== undefined && { challenge: reply }) }
  }

  #complete(context: SecurityContext, protection: SaslProtection, peerMaxOctets: number): void {
    if (protection !== 'none' && (context.flags & ContextFlag.SEQUENCE) === 0)
      throw notPermitted('asked for no context that keeps the order of messages, which could be repeated')
    const { rekeyAfter } = this.#options
    const terms = { peerMaxOctets, maxOctets: this.#maxOctets, rekeyAfter }
    this.#messages = new ProtectedMessages(context, protection, terms)
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

function requireMechanism(mechanism: SaslMechanism, token: Uint8Array): void {
  const isRaw = isKerberos(unframe(token).mechanism)
  if (isRaw === (mechanism === 'GSSAPI')) return
  throw clientSent('first response', `a token of ${mechanism}`, isRaw ? 'one without SPNEGO' : 'another one')
}

function clientSent(path: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: `SASL.${path}`, expected, found })
}

function notPermitted(what: string, code: 'GSS_S_BAD_QOP' | 'KDC_ERR_POLICY' = 'GSS_S_BAD_QOP'): RejectedTokenError {
  return new RejectedTokenError(`the client ${what}`, { code })
}
