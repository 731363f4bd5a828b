import type { EncryptedData } from '@s4u/krb5'
import type { AcceptedTicket } from './accepted-ticket.js'

/** Octets of ciphertext that are kept at most; what belongs to a ticket takes several times as much. */
const MAX_OCTETS = 16 * 1024 * 1024

/** Octets at the end of a ciphertext that it is found by. The rest is compared. */
const TAIL = 16

/**
 * Tickets that were opened and judged, so that a client that shows its ticket again costs less. Found by the exact
 * ciphertext; ends with the ticket; the least recently used goes first. Nothing in it depends on the time or on the
 * authenticator: those are judged with every request.
 */
export class OpenedTicketCache {
  readonly #entries = new Map<string, AcceptedTicket>()
  readonly #maxEntries: number
  #octets = 0

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#entries.size
  }

  find(sealed: EncryptedData): AcceptedTicket | undefined {
    const tail = tailOf(sealed)
    const found = this.#entries.get(tail)
    if (found === undefined || !sameSeal(found.opened.ticket.encPart, sealed)) return undefined
    this.#entries.delete(tail)
    this.#entries.set(tail, found)
    return found
  }

  remember(ticket: AcceptedTicket): void {
    if (this.#maxEntries === 0) return
    const { encPart } = ticket.opened.ticket
    this.forget(encPart)
    this.#entries.set(tailOf(encPart), ticket)
    this.#octets += encPart.cipher.length
    for (const [, oldest] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries && this.#octets <= MAX_OCTETS) break
      this.forget(oldest.opened.ticket.encPart)
    }
  }

  forget(sealed: EncryptedData): void {
    const tail = tailOf(sealed)
    const found = this.#entries.get(tail)
    if (found === undefined) return
    this.#octets -= found.opened.ticket.encPart.cipher.length
    this.#entries.delete(tail)
  }

  clear(): void {
    this.#entries.clear()
    this.#octets = 0
  }
}

function tailOf({ cipher }: EncryptedData): string {
  const start = Math.max(0, cipher.length - TAIL)
  return Buffer.from(cipher.buffer, cipher.byteOffset + start, cipher.length - start).toString('latin1')
}

function sameSeal(a: EncryptedData, b: EncryptedData): boolean {
  return a.etype === b.etype && Buffer.compare(a.cipher, b.cipher) === 0
}
