import {
  formatPrincipal,
  type Key,
  type OptionTableOf,
  type Principal,
  type RandomSource,
  RejectedTokenError,
  requireKnownOptions,
} from '@s4u/krb5'
import { ContextFlag, contextFlagNames } from '../context-tokens/context-flags.js'
import {
  makeMicToken,
  makeWrapToken,
  openWrapToken,
  RC4_HMAC,
  type Role,
  type VerifiedMessage,
  verifyMicToken,
} from './per-message.js'
import { makeRc4MicToken, makeRc4WrapToken, openRc4WrapToken, verifyRc4MicToken } from './rc4-per-message.js'
import { SequenceWindow } from './sequence-window.js'
import { isFramed } from '../framing/token-framing.js'

/** Options of a `SecurityContext`: what both sides have agreed on. */
export interface SecurityContextOptions {
  /** The role of this side. */
  readonly role: Role
  readonly peer: Principal
  /** The bits of `ContextFlag` of the context. */
  readonly flags: number
  /** The initiator's subkey, or the ticket's session key if there is none. */
  readonly initiatorKey: Key
  /** The subkey of the AP-REP, if there was one: then both sides use it. */
  readonly acceptorKey?: Key
  /** The first sequence number of this side. */
  readonly sendSequence: number
  /** The first sequence number of the peer. */
  readonly receiveSequence: number
  readonly random?: RandomSource
}

/** The key of a context, as octets that anybody who sees them can use. */
export interface ExposedSessionKey {
  /** The encryption type of the key: 18 for aes256-cts-hmac-sha1-96. */
  readonly etype: number
  readonly octets: Uint8Array
}

/** Options of one message. */
interface MessageOptions {
  readonly confidential?: boolean
}

/** The DER length of a message has at most four octets more than that of an empty one. */
const RC4_LENGTH_GROWTH = 4

const MESSAGE_OPTIONS = { confidential: 'flag' } as const satisfies OptionTableOf<MessageOptions>

/**
 * An established context: it names the peer, and makes messages that only the two sides can make.
 * It prints the peer, and no secret.
 *
 * @example
 * ```ts
 * import type { SecurityContext } from '@s4u/gssapi'
 *
 * export function sealText(context: SecurityContext, text: string): Uint8Array {
 *   return context.wrap(new TextEncoder().encode(text))
 * }
 * ```
 */
export class SecurityContext {
  readonly role: Role
  readonly peer: Principal
  readonly flags: number
  readonly #initiatorKey: Key
  readonly #acceptorKey: Key | undefined
  readonly #random: RandomSource | undefined
  readonly #received: SequenceWindow
  #nextSequence: bigint

  constructor(options: SecurityContextOptions) {
    const { role, peer, flags, initiatorKey, acceptorKey, sendSequence, receiveSequence, random } = options
    this.role = role
    this.peer = peer
    this.flags = flags
    this.#initiatorKey = initiatorKey
    this.#acceptorKey = acceptorKey
    this.#random = random
    this.#nextSequence = BigInt(sendSequence)
    this.#received = new SequenceWindow(BigInt(receiveSequence), {
      ordered: (flags & ContextFlag.SEQUENCE) !== 0,
      unique: (flags & ContextFlag.REPLAY) !== 0,
    })
  }

  /**
   * Returns a message for the peer, signed, and sealed unless `confidential` is false. Source: RFC
   * 2743 section 2.3.3.
   */
  wrap(data: Uint8Array, options?: MessageOptions): Uint8Array {
    const { confidential = true } = requireKnownOptions('wrap', options, MESSAGE_OPTIONS)
    const make = this.#isRc4 ? makeRc4WrapToken : makeWrapToken
    return make(this.#outgoing(), data, confidential)
  }

  /**
   * Returns the data of a message of the peer. Source: RFC 2743 section 2.3.4.
   * @param options with `confidential: true`, a message that is signed and not sealed is refused
   * @throws MalformedTokenError
   * @throws RejectedTokenError KRB_AP_ERR_MODIFIED, KRB_AP_ERR_BAD_INTEGRITY,
   * KRB_AP_ERR_BADDIRECTION, KRB_AP_ERR_REPEAT, KRB_AP_ERR_BADORDER
   */
  unwrap(token: Uint8Array, options?: MessageOptions): Uint8Array {
    const { confidential = false } = requireKnownOptions('unwrap', options, MESSAGE_OPTIONS)
    const message = this.#opened(token)
    if (confidential && !message.confidential) {
      throw new RejectedTokenError('the message is signed but not sealed', { code: 'KRB_AP_ERR_INAPP_CKSUM' })
    }
    return this.#inSequence(message)
  }

  /**
   * Returns how many octets of data fit into a message of `maxOctets`; 0 where none do. Source: RFC
   * 2743 section 2.2.7 (GSS_Wrap_size_limit).
   */
  wrapSizeLimit(maxOctets: number, options?: MessageOptions): number {
    const { confidential = true } = requireKnownOptions('wrapSizeLimit', options, MESSAGE_OPTIONS)
    const make = this.#isRc4 ? makeRc4WrapToken : makeWrapToken
    // Encryption types of RFC 4121 add the same to data of every length. The frame of the older
    // tokens has a length of its own, which grows.
    const empty = make({ ...this.#keys, sequence: 0n }, new Uint8Array(0), confidential).length
    return Math.max(0, maxOctets - empty - (this.#isRc4 ? RC4_LENGTH_GROWTH : 0))
  }

  /**
   * Returns the data of a message of the peer, and whether the message was sealed: the `conf_state`
   * of GSS_Unwrap, for protocols that report it. Code that needs secrecy calls `unwrap` with
   * `confidential: true`. Source: RFC 2743 section 2.3.4.
   * @throws as `unwrap`
   */
  unwrapMessage(token: Uint8Array): { readonly data: Uint8Array; readonly confidential: boolean } {
    const message = this.#opened(token)
    return { data: this.#inSequence(message), confidential: message.confidential }
  }

  /**
   * Returns a signature over `data`, which is sent in another way. Source: RFC 2743 section 2.3.1.
   */
  getMic(data: Uint8Array): Uint8Array {
    const make = this.#isRc4 ? makeRc4MicToken : makeMicToken
    return make(this.#outgoing(), data)
  }

  /** Returns `data` if `mic` is the peer's signature over it. @throws as `unwrap` */
  verifyMic(data: Uint8Array, mic: Uint8Array): Uint8Array {
    const verify = isFramed(mic) ? verifyRc4MicToken : verifyMicToken
    return this.#inSequence(verify(this.#incoming, data, mic))
  }

  /**
   * Returns the key of this context, a copy, for protocols that derive keys of their own from it:
   * SMB does. It is the subkey of the acceptor, else that of the initiator. Who has it can read and
   * forge all messages, so it must go into a key derivation and nowhere else. Source: RFC 4121
   * section 2; MS-SMB2 section 3.2.5.3.1.
   *
   * ```ts
   * import type { SecurityContext } from '@s4u/gssapi'
   *
   * export function etypeOf(context: SecurityContext): number {
   *   const { etype, octets } = context.exposeSessionKey()
   *   octets.fill(0)
   *   return etype
   * }
   * ```
   */
  exposeSessionKey(): ExposedSessionKey {
    const key = this.#acceptorKey ?? this.#initiatorKey
    return { etype: key.etype, octets: key.exposeSecretBytes() }
  }

  toJSON(): object {
    return { role: this.role, peer: formatPrincipal(this.peer), flags: contextFlagNames(this.flags) }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `SecurityContext ${JSON.stringify(this)}`
  }

  /** Returns whether the key is of rc4-hmac, whose older tokens are framed. */
  get #isRc4(): boolean {
    return (this.#acceptorKey ?? this.#initiatorKey).etype === RC4_HMAC
  }

  #opened(token: Uint8Array): VerifiedMessage {
    const open = isFramed(token) ? openRc4WrapToken : openWrapToken
    return open(this.#incoming, token)
  }

  get #keys() {
    return {
      key: this.#acceptorKey ?? this.#initiatorKey,
      acceptorSubkey: this.#acceptorKey !== undefined,
      sender: this.role,
      random: this.#random,
    }
  }

  #outgoing() {
    return { ...this.#keys, sequence: this.#nextSequence++ }
  }

  get #incoming() {
    return {
      // An initiator that has not read the AP-REP yet does not know the key of the acceptor, and
      // signs with its own.
      keyFor: (acceptorSubkey: boolean) => (acceptorSubkey ? this.#acceptorKey : this.#initiatorKey),
      sender: this.role === 'acceptor' ? ('initiator' as const) : ('acceptor' as const),
    }
  }

  #inSequence({ data, sequence }: VerifiedMessage): Uint8Array {
    this.#received.accept(sequence)
    return data
  }
}
