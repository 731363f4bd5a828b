import { MalformedTokenError } from '@s4u/krb5'

/**
 * Reads the elements of an LDAP message from the front, within its bounds.
 *
 * Servers may write lengths in more octets than they need (Active Directory always takes four),
 * which the strict DER reader of krb5 refuses. The reader of ldapts is not used: it returns an
 * empty element where an element is longer than its parent, and stays at the same place. A loop
 * over such a list never ends. Source: RFC 4511 section 5.1.
 */
export class BerReader {
  readonly path: string
  readonly #octets: Uint8Array
  #at = 0

  constructor(octets: Uint8Array, path: string) {
    this.#octets = octets
    this.path = path
  }

  get isAtEnd(): boolean {
    return this.#at === this.#octets.length
  }

  /** The next identifier octet; undefined at the end. */
  peek(): number | undefined {
    return this.#octets[this.#at]
  }

  /**
   * The contents of the next element, a view.
   * @throws MalformedTokenError where it has another tag
   */
  contents(tag: number, field: string): Uint8Array {
    if (this.peek() !== tag) this.fail(field, `an element ${hex(tag)}`, shownTag(this.peek()))
    const header = elementHeader(this.#octets, this.#at)
    if (header === undefined || header.end > this.#octets.length) {
      this.fail(field, 'a length within what encloses it', 'a longer one')
    }
    const { start, end } = header
    this.#at = end
    return this.#octets.subarray(start, end)
  }

  /** A reader over the contents of the next element. */
  enter(tag: number, field: string): BerReader {
    return new BerReader(this.contents(tag, field), `${this.path}.${field}`)
  }

  /** The next element, whatever it is. */
  next(field: string): { readonly tag: number; readonly contents: Uint8Array } {
    const tag = this.peek()
    if (tag === undefined) return this.fail(field, 'an element', 'the end')
    return { tag, contents: this.contents(tag, field) }
  }

  /** INTEGER or ENUMERATED of at most four octets. */
  integer(field: string, tag: number = Tag.INTEGER): number {
    const octets = this.contents(tag, field)
    if (octets.length < 1 || octets.length > 4) this.fail(field, 'one to four octets', `${octets.length}`)
    return octets.reduce((value, octet) => (value << 8) | octet, octets[0] >= 0x80 ? -1 : 0)
  }

  octets(field: string, tag: number = Tag.OCTET_STRING): Uint8Array {
    return this.contents(tag, field)
  }

  /**
   * Reads UTF-8. Octets that are not UTF-8 become U+FFFD, because this text is only shown to
   * people.
   */
  text(field: string, tag: number = Tag.OCTET_STRING): string {
    return decoder.decode(this.contents(tag, field))
  }

  fail(field: string, expected: string, found: string): never {
    throw malformedMessage(`${this.path}.${field}`, expected, found)
  }
}

export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  OCTET_STRING: 0x04,
  ENUMERATED: 0x0a,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const

/** Where the contents of an element begin and end; undefined while its header is not complete. */
export interface ElementHeader {
  readonly start: number
  readonly end: number
}

/** @throws MalformedTokenError for the indefinite form, and lengths that no message has */
export function elementHeader(octets: Uint8Array, at: number): ElementHeader | undefined {
  const first = octets[at + 1]
  if (first === undefined) return undefined
  if (first < 0x80) return { start: at + 2, end: at + 2 + first }
  const count = first & 0x7f
  if (count === 0) throw malformedMessage('LDAPMessage', 'a definite length', 'the indefinite form')
  if (count > 4) throw malformedMessage('LDAPMessage', 'a length of at most four octets', `${count} octets`)
  const start = at + 2 + count
  if (octets.length < start) return undefined
  const length = octets.subarray(at + 2, start).reduce((value, octet) => value * 256 + octet, 0)
  return { start, end: start + length }
}

/**
 * Makes the error for a message of the server that cannot be read. The server is at fault, not the
 * caller.
 */
export function malformedMessage(path: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path, expected, found, code: 'protocolError', status: 502 })
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`
}

function shownTag(tag: number | undefined): string {
  return tag === undefined ? 'the end' : hex(tag)
}
