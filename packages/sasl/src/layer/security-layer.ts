import type { SecurityContext } from '@s4u/gssapi'
import { RejectedTokenError } from '@s4u/krb5'
import { malformed, type SaslProtection } from '../protection/protection.js'
import { OctetQueue } from './octet-queue.js'

/** What two sides have agreed upon. */
export interface LayerTerms {
  readonly protection: Exclude<SaslProtection, 'none'>
  /** The longest Wrap token that the peer takes, in octets. */
  readonly peerMaxOctets: number
  /** The longest Wrap token that is taken here, in octets. */
  readonly maxOctets: number
  /** How much these keys may protect, in octets. Default: `MAX_PROTECTED_OCTETS`. */
  readonly rekeyAfter?: number
}

/**
 * How much one context protects in each direction, in octets: 2^32 blocks, after which ciphertexts
 * of one key begin to say something about each other. A context has no new keys, so a new
 * connection must follow. Source: RFC 4344 section 3.2.
 */
export const MAX_PROTECTED_OCTETS = 2 ** 36

/**
 * Samba and Active Directory take frames of 64 KiB, whatever was agreed upon; nothing is gained by
 * longer ones. Octets.
 */
export const MAX_SENT_OCTETS = 0x1_0000

const LENGTH_OCTETS = 4

/**
 * Protects what is sent, and opens what is received. A frame is a length of four octets and a Wrap
 * token of RFC 4121. Source: RFC 4422 section 3.7.
 *
 * @example
 * ```ts
 * import type { SecurityContext } from '@s4u/gssapi'
 * import { SecurityLayer } from '@s4u/sasl'
 *
 * // What two sides have agreed upon, for a protocol whose driver leaves the octets to you.
 * export function layerOf(context: SecurityContext): SecurityLayer {
 *   const limits = { peerMaxOctets: 65_536, maxOctets: 65_536 }
 *   return new SecurityLayer(context, { protection: 'confidentiality', ...limits })
 * }
 * ```
 */
export class SecurityLayer {
  readonly protection: LayerTerms['protection']
  readonly #context: SecurityContext
  readonly #confidential: boolean
  readonly #sendLimit: number
  readonly #maxOctets: number
  readonly #rekeyAfter: number
  readonly #queue = new OctetQueue()
  #sent = 0
  #received = 0

  /** @throws RejectedTokenError GSS_S_BAD_QOP where the peer takes no frame with anything in it */
  constructor(context: SecurityContext, terms: LayerTerms) {
    this.protection = terms.protection
    this.#context = context
    this.#confidential = terms.protection === 'confidentiality'
    this.#maxOctets = terms.maxOctets
    this.#rekeyAfter = terms.rekeyAfter ?? MAX_PROTECTED_OCTETS
    const longest = Math.min(terms.peerMaxOctets, MAX_SENT_OCTETS)
    this.#sendLimit = context.wrapSizeLimit(longest, { confidential: this.#confidential })
    if (this.#sendLimit > 0) return
    throw new RejectedTokenError(`the peer takes messages of ${terms.peerMaxOctets} octets, into which no data fit`, {
      code: 'GSS_S_BAD_QOP',
      status: 502,
      hint: 'Let the peer take longer messages: its limit for SASL (maxbufsize) is too small for a protected message.',
    })
  }

  /** Whether the keys have protected so much that a new connection should be opened. */
  get isSpent(): boolean {
    return Math.max(this.#sent, this.#received) >= this.#rekeyAfter
  }

  /**
   * Returns the frames of a message, which is cut where the peer takes only shorter ones.
   * @throws RejectedTokenError GSS_S_CONTEXT_EXPIRED
   */
  seal(message: Uint8Array): Uint8Array {
    const frames: Uint8Array[] = []
    for (let at = 0; at < message.length; at += this.#sendLimit) {
      const part = message.subarray(at, at + this.#sendLimit)
      this.#sent = this.#counted(this.#sent, part)
      frames.push(framed(this.#context.wrap(part, { confidential: this.#confidential })))
    }
    return Buffer.concat(frames)
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk)
  }

  /**
   * Returns what the next frame had in it; undefined until all of it is there.
   * @throws MalformedTokenError, RejectedTokenError: KRB_AP_ERR_INAPP_CKSUM for a frame that is
   * only signed where all are to be encrypted, GSS_S_CONTEXT_EXPIRED
   */
  next(): Uint8Array | undefined {
    if (this.#queue.length < LENGTH_OCTETS) return undefined
    const head = this.#queue.peek(LENGTH_OCTETS)
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0)
    // The length counts before anything is kept for it.
    if (length > this.#maxOctets) throw malformed('frame', `at most ${this.#maxOctets} octets`, `${length}`)
    if (this.#queue.length < LENGTH_OCTETS + length) return undefined
    const token = this.#queue.take(LENGTH_OCTETS + length).subarray(LENGTH_OCTETS)
    const data = this.#context.unwrap(token, { confidential: this.#confidential })
    this.#received = this.#counted(this.#received, data)
    return data
  }

  #counted(before: number, data: Uint8Array): number {
    const after = before + data.length
    if (after <= this.#rekeyAfter) return after
    throw new RejectedTokenError(`the keys of this connection have protected ${this.#rekeyAfter} octets`, {
      code: 'GSS_S_CONTEXT_EXPIRED',
      status: 503,
      hint: 'Open a new connection, which has new keys.',
    })
  }
}

function framed(token: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_OCTETS + token.length)
  new DataView(frame.buffer).setUint32(0, token.length)
  frame.set(token, LENGTH_OCTETS)
  return frame
}
