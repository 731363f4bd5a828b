import { OctetQueue } from '@s4u/sasl'
import { elementHeader, malformedMessage, Tag } from './ber-reader.js'

/**
 * The longest message, in octets, before the server has proven its identity. Honest servers send
 * less until then.
 */
export const MAX_OCTETS_BEFORE_BIND = 1 << 20

/**
 * The longest message, in octets. A message has one entry: a group with 1,500 members takes about
 * 200 kB, a photo about 100 kB. A longer message is refused by its header, before its octets are
 * kept.
 */
export const MAX_MESSAGE_OCTETS = 1 << 24

/**
 * Cuts a stream of octets into LDAP messages, of which each is one BER SEQUENCE. RFC 4511 section
 * 5.1.
 */
export class MessageSplitter {
  /** The longest message that is taken. */
  limit = MAX_OCTETS_BEFORE_BIND
  readonly #queue = new OctetQueue()

  /** Octets that belong to no complete message yet. */
  get pending(): number {
    return this.#queue.length
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk)
  }

  /** The next message; undefined until all of it is there. @throws MalformedTokenError */
  next(): Uint8Array | undefined {
    const head = this.#queue.peek(MAX_HEADER)
    if (head.length === 0) return undefined
    if (head[0] !== Tag.SEQUENCE) {
      throw malformedMessage('LDAPMessage', 'a SEQUENCE', `an element 0x${head[0].toString(16).padStart(2, '0')}`)
    }
    const header = elementHeader(head, 0)
    if (header === undefined) return undefined
    if (header.end > this.limit) {
      throw malformedMessage('LDAPMessage', `at most ${this.limit} octets`, `${header.end} octets`)
    }
    return this.#queue.length < header.end ? undefined : this.#queue.take(header.end)
  }
}

/** An identifier, and a length in its longest form. */
const MAX_HEADER = 6
