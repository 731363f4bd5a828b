import type { SealedBox } from './sealed-box.js'
import type { SessionTicket } from './session-ticket.js'

/**
 * How many characters all kept cookies may have together: enough for 4,000 users with tickets of
 * ordinary size. What is decoded from a cookie holds about as much again.
 */
const MAX_CHARACTERS = 8 * 1024 * 1024

/**
 * Keeps what session cookies hold that were opened, so that each is decrypted once and not with
 * every request. A cookie is found by all of its characters, and only under the box that has opened
 * it: one of other keys or other rules opens each cookie itself. Nothing here depends on the time,
 * the keytab or on revocation: these are asked with every request. What is kept is a ticket that
 * the keys of the service have sealed, and no key. The least recently used goes first; a cookie
 * that nobody has sealed is never kept.
 */
export class OpenedCookies {
  readonly #entries = new Map<string, SessionTicket>()
  #box: SealedBox | undefined
  #characters = 0

  /** How many cookies are kept. */
  get size(): number {
    return this.#entries.size
  }

  find(value: string, box: SealedBox): SessionTicket | undefined {
    if (box !== this.#box) return undefined
    const ticket = this.#entries.get(value)
    if (ticket === undefined) return undefined
    this.#entries.delete(value)
    this.#entries.set(value, ticket)
    return ticket
  }

  keep(value: string, box: SealedBox, ticket: SessionTicket): void {
    if (box !== this.#box) this.#clearFor(box)
    if (this.#entries.has(value)) return
    this.#entries.set(ownCopy(value), ticket)
    this.#characters += value.length
    for (const oldest of this.#entries.keys()) {
      if (this.#characters <= MAX_CHARACTERS) return
      this.#entries.delete(oldest)
      this.#characters -= oldest.length
    }
  }

  #clearFor(box: SealedBox): void {
    this.#entries.clear()
    this.#characters = 0
    this.#box = box
  }
}

/** Part of a text has V8 keep all of it: the whole header Cookie, in which a client writes much. */
function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
