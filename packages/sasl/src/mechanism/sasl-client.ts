import { ContextFlag, type Initiator, isKerberos, type InitiatorStep, type SecurityContext, unframe } from '@s4u/gssapi'
import {
  ConfigurationError,
  type OptionTableOf,
  RejectedTokenError,
  requireKnownOptions,
  requireOneOf,
} from '@s4u/krb5'
import { ProtectedMessages } from '../layer/protected-messages.js'
import { MAX_SENT_OCTETS, type SecurityLayer } from '../layer/security-layer.js'
import {
  contextFlagsFor,
  decodeLayerMessage,
  encodeLayerMessage,
  malformed,
  MAX_LAYER_OCTETS,
  MECHANISMS,
  protectionOfFlags,
  protectionsOf,
  type SaslMechanism,
  type SaslProtection,
} from '../protection/protection.js'

/** Options of `createSaslClient`. */
export interface SaslClientOptions {
  readonly mechanism: SaslMechanism
  /** A context that has begun: with `framing: 'krb5'` for GSSAPI, `'spnego'` for GSS-SPNEGO. */
  readonly initiator: Initiator
  /**
   * What may protect the messages after the sign-in, one or several; the best that the server
   * offers is used. `none` is for connections in TLS. Default: `confidentiality`.
   */
  readonly protection?: SaslProtection | readonly SaslProtection[]
  /** As whom to act, where that is not the user of the ticket. GSSAPI only. Default: none. */
  readonly authorizationId?: string
  /** The longest protected message that is taken, in octets. Default: 65,536. */
  readonly maxOctets?: number
  /** How much the keys may protect in one direction, in octets. Default: 2^36 (64 GiB). */
  readonly rekeyAfter?: number
}

/** Every name in SaslClientOptions; others are refused. */
export const SASL_CLIENT_OPTIONS = {
  mechanism: 'value',
  initiator: 'value',
  protection: 'value',
  authorizationId: 'value',
  maxOctets: 'value',
  rekeyAfter: 'value',
} as const satisfies OptionTableOf<SaslClientOptions>

/** One step of a sign-in. */
export type SaslClientStep =
  /** Send `response`, which may be empty, and give the server's next challenge to `step`. */
  | { readonly status: 'continue'; readonly response: Uint8Array }
  /** Send `response`, if there is one: the server waits for it. Then messages are protected. */
  | { readonly status: 'complete'; readonly response?: Uint8Array; readonly protection: SaslProtection }

/** The client's side of one sign-in, and of the messages after it. */
export interface SaslClient {
  readonly mechanism: SaslMechanism
  readonly isComplete: boolean
  /** What was agreed upon; undefined before that. */
  readonly protection: SaslProtection | undefined
  /** The security layer; undefined before the end of the sign-in, and with protection `none`. */
  readonly layer: SecurityLayer | undefined
  /**
   * Takes the server's challenge, and returns what to send. The first call has no challenge.
   * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL if the server did not prove itself,
   * GSS_S_BAD_QOP if it offers no protection that is wanted; MalformedTokenError
   */
  step(challenge?: Uint8Array): SaslClientStep
  /** Returns the frames for data, or the data themselves with protection `none`. */
  wrap(data: Uint8Array): Uint8Array
  /**
   * Takes octets as they arrive, and returns the data of all frames that are complete.
   * @throws MalformedTokenError, RejectedTokenError
   */
  unwrap(chunk: Uint8Array): Uint8Array
}

/**
 * Begins a sign-in by SASL, without I/O. Source: RFC 4422, RFC 4752 section 3.1, MS-SPNG.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { createSaslClient, saslContextOptions, type Caller } from '@s4u/sasl'
 *
 * export async function firstMessage(caller: Caller): Promise<Uint8Array | undefined> {
 *   const initiator = await caller.contextFor('imap/mail.ad.test', saslContextOptions('GSSAPI'))
 *   return createSaslClient({ mechanism: 'GSSAPI', initiator }).step().response
 * }
 * ```
 */
export function createSaslClient(given: SaslClientOptions): SaslClient {
  const options = requireKnownOptions('createSaslClient', given, SASL_CLIENT_OPTIONS)
  if (requireOneOf('mechanism', options.mechanism, MECHANISMS) === undefined)
    throw new ConfigurationError(`createSaslClient: mechanism must be one of ${MECHANISMS.join(', ')}`)
  requireFraming(options.mechanism, options.initiator)
  return new Client(options)
}

/**
 * Returns the options of `contextFor` that a mechanism needs.
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { saslContextOptions } from '@s4u/sasl'
 *
 * console.log(saslContextOptions('GSS-SPNEGO', 'integrity').framing) // spnego
 * ```
 */
export function saslContextOptions(
  mechanism: SaslMechanism,
  protection?: SaslProtection | readonly SaslProtection[],
): { readonly framing: 'krb5' | 'spnego'; readonly flags: number } {
  const flags = contextFlagsFor(mechanism, protectionsOf('protection', protection))
  return { framing: mechanism === 'GSSAPI' ? 'krb5' : 'spnego', flags }
}

type NextStep = (challenge: Uint8Array | undefined) => SaslClientStep

class Client implements SaslClient {
  readonly mechanism: SaslMechanism
  readonly #wanted: readonly SaslProtection[]
  readonly #options: SaslClientOptions
  readonly #maxOctets: number
  #next: NextStep | undefined = (challenge) => this.#begin(challenge)
  #messages: ProtectedMessages | undefined

  constructor(options: SaslClientOptions) {
    this.mechanism = options.mechanism
    this.#options = options
    this.#wanted = protectionsOf('protection', options.protection)
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

  step(challenge?: Uint8Array): SaslClientStep {
    const next = this.#next
    // After an error, or at the end, nothing more is believed.
    this.#next = undefined
    if (next === undefined) throw noContext('the sign-in has ended')
    return next(challenge)
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

  #begin(challenge: Uint8Array | undefined): SaslClientStep {
    if (challenge !== undefined && challenge.length > 0)
      throw malformed('first challenge', 'no octets', `${challenge.length} octets`)
    const { initiator } = this.#options
    const step = this.mechanism === 'GSSAPI' ? this.#afterApRep : this.#afterSpnego
    this.#next = (reply) => step.call(this, initiator.step(given(reply)))
    return { status: 'continue', response: initiator.token }
  }

  #afterApRep(begun: InitiatorStep): SaslClientStep {
    if (begun.status !== 'established') throw unfinished()
    const context = proven(begun.context)
    this.#next = (offer) => this.#choose(context, offer)
    return { status: 'continue', response: NOTHING }
  }

  /**
   * RFC 4752 section 3.1: both messages are signed, so that an attacker cannot weaken the choice.
   */
  #choose(context: SecurityContext, challenge: Uint8Array | undefined): SaslClientStep {
    const offered = decodeLayerMessage(context.unwrap(challenge ?? NOTHING))
    const offer = offered.protections
    const protection = this.#wanted.find((one) => offer.includes(one) && covers(context, one))
    if (protection === undefined) throw notOffered(this.#wanted, offer)
    this.#complete(context, protection, offered.maxOctets)
    const choice = encodeLayerMessage({
      protections: [protection],
      maxOctets: protection === 'none' ? 0 : this.#maxOctets,
      authorizationId: new TextEncoder().encode(this.#options.authorizationId ?? ''),
    })
    return { status: 'complete', response: context.wrap(choice, { confidential: false }), protection }
  }

  #afterSpnego(begun: InitiatorStep): SaslClientStep {
    if (begun.status === 'continue') {
      this.#next = (reply) => this.#afterSpnego(begun.step(given(reply)))
      return { status: 'continue', response: begun.token }
    }
    const context = proven(begun.context)
    const protection = protectionOfFlags(context.flags)
    if (!this.#wanted.includes(protection)) throw notOffered(this.#wanted, [protection])
    this.#complete(context, protection, MAX_SENT_OCTETS)
    return { status: 'complete', protection, ...(begun.token !== undefined && { response: begun.token }) }
  }

  #complete(context: SecurityContext, protection: SaslProtection, peerMaxOctets: number): void {
    const { rekeyAfter } = this.#options
    this.#messages = new ProtectedMessages(context, protection, {
      peerMaxOctets,
      maxOctets: this.#maxOctets,
      rekeyAfter,
    })
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** An empty challenge is one that has no token. */
function given(challenge: Uint8Array | undefined): Uint8Array | undefined {
  return challenge === undefined || challenge.length === 0 ? undefined : challenge
}

export function maxOctetsOf(value = MAX_SENT_OCTETS): number {
  if (Number.isInteger(value) && value > 0 && value <= MAX_LAYER_OCTETS) return value
  throw new ConfigurationError(`maxOctets must be a number of octets up to ${MAX_LAYER_OCTETS}`)
}

/** A context without these flags lets messages be dropped, repeated or put in another order. */
function proven(context: SecurityContext): SecurityContext {
  const { MUTUAL, SEQUENCE } = ContextFlag
  if ((context.flags & MUTUAL) === 0)
    throw new RejectedTokenError('the server was not asked to prove itself', {
      code: 'KRB_AP_ERR_MUT_FAIL',
      status: 500,
      hint: 'Call contextFor without mutual: false. Without that proof anybody can answer in the place of the server.',
    })
  if ((context.flags & SEQUENCE) !== 0) return context
  throw new ConfigurationError('SASL needs a context that keeps the order of messages', {
    hint: 'Call contextFor with the options that saslContextOptions returns.',
  })
}

function covers({ flags }: SecurityContext, protection: SaslProtection): boolean {
  if (protection === 'confidentiality') return (flags & ContextFlag.CONF) !== 0
  return protection === 'none' || (flags & (ContextFlag.INTEG | ContextFlag.CONF)) !== 0
}

function requireFraming(mechanism: SaslMechanism, { token }: Initiator): void {
  const isRaw = isKerberos(unframe(token).mechanism)
  if (isRaw === (mechanism === 'GSSAPI')) return
  throw new ConfigurationError(`${mechanism} needs a context with framing: '${isRaw ? 'spnego' : 'krb5'}'`, {
    hint: `Call contextFor with the options that saslContextOptions('${mechanism}') returns.`,
  })
}

function notOffered(wanted: readonly SaslProtection[], offered: readonly SaslProtection[]): RejectedTokenError {
  return new RejectedTokenError(`the server offers ${offered.join(', ') || 'nothing'}, not ${wanted.join(' or ')}`, {
    code: 'GSS_S_BAD_QOP',
    status: 502,
    hint: "Let the server protect messages (SASL minssf and maxssf), or connect with TLS and set protection: 'none'.",
  })
}

function unfinished(): RejectedTokenError {
  return new RejectedTokenError('the server wants more than one token for GSSAPI', {
    code: 'GSS_S_DEFECTIVE_TOKEN',
    status: 502,
  })
}

export function noContext(what: string): ConfigurationError {
  return new ConfigurationError(what, {
    code: 'GSS_S_NO_CONTEXT',
    hint: 'A sign-in is made once, step by step. After an error, open another connection.',
  })
}
