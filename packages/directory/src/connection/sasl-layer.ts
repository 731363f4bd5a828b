import type { SecurityContext } from '@s4u/gssapi'
import { malformedMessage } from '../ldap/ber-reader.js'
import { OctetQueue } from '../ldap/octet-queue.js'

/**
 * The longest sealed frame that is taken, as OpenLDAP and Active Directory do too. It is also what
 * the server is told (RFC 4752 section 3.1, three octets). Octets.
 */
export const MAX_FRAME_OCTETS = 0xff_ffff

/**
 * What a Wrap token adds to its data: two headers, a confounder, a checksum and filling. Octets.
 */
const WRAP_OVERHEAD = 128

/** Samba and Active Directory take frames of 64 KiB whatever was agreed upon. Octets. */
const DEFAULT_PEER_LIMIT = 0x1_0000

const LENGTH_OCTETS = 4

/**
 * Seals what is sent, and opens what is received. A frame is a length of four octets and a Wrap
 * token of RFC 4121. A frame that is only signed is refused: on a connection that is not sealed,
 * passwords could be read. Source: RFC 4422 section 3.7.
 */
export class SaslLayer {
  readonly #context: SecurityContext
  readonly #limit: number
  readonly #queue = new OctetQueue()

  constructor(context: SecurityContext, peerLimit = DEFAULT_PEER_LIMIT) {
    this.#context = context
    this.#limit = Math.max(1, Math.min(peerLimit, DEFAULT_PEER_LIMIT) - WRAP_OVERHEAD)
  }

  /** The frames of a message, which is cut where the server takes only shorter ones. */
  seal(message: Uint8Array): Uint8Array {
    const frames: Uint8Array[] = []
    for (let at = 0; at < message.length; at += this.#limit) {
      frames.push(framed(this.#context.wrap(message.subarray(at, at + this.#limit))))
    }
    return Buffer.concat(frames)
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk)
  }

  /**
   * What the next frame had in it; undefined until all of it is there.
   * @throws MalformedTokenError, RejectedTokenError
   */
  next(): Uint8Array | undefined {
    if (this.#queue.length < LENGTH_OCTETS) return undefined
    const head = this.#queue.peek(LENGTH_OCTETS)
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0)
    if (length > MAX_FRAME_OCTETS) {
      throw malformedMessage('SASL frame', `at most ${MAX_FRAME_OCTETS} octets`, `${length}`)
    }
    if (this.#queue.length < LENGTH_OCTETS + length) return undefined
    const token = this.#queue.take(LENGTH_OCTETS + length).subarray(LENGTH_OCTETS)
    return this.#context.unwrap(token, { confidential: true })
  }
}

function framed(token: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_OCTETS + token.length)
  new DataView(frame.buffer).setUint32(0, token.length)
  frame.set(token, LENGTH_OCTETS)
  return frame
}
