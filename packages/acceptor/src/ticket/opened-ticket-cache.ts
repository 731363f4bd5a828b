import type { EncryptedData } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'
import { octetsHeldBy } from './octets-held.js'

/**
 * Octets of memory that all kept tickets may hold, with everything that was decoded of them: 4,096
 * of ordinary users and some to spare.
 */
export const MAX_OCTETS: number = 64 * 1024 * 1024

/**
 * Octets that one ticket may hold to be kept. A heavier one is opened each time, at its owner's
 * cost: who can make a KDC write much into tickets must not drive out those of everybody else.
 */
export const MAX_TICKET_OCTETS: number = MAX_OCTETS / 64

/**
 * How often the tickets are dropped that have ended, milliseconds. Looked at when a ticket is kept.
 */
const SWEEP_INTERVAL = 60_000

/** Tickets whose first coming is remembered, a power of two. */
const SEEN_SLOTS = 8_192

/**
 * Tickets that were opened and judged, so that a client that shows its ticket again costs less.
 * Found by the exact ciphertext; ends with the ticket; the least recently used goes first. Nothing
 * in it depends on the time or on the authenticator: those are judged with every request.
 *
 * A ticket is kept when it comes for the second time. Many come only once, and for those the
 * garbage collector would work as much as the ciphers do; nor can somebody with many tickets drive
 * out those of everybody else by showing each once.
 */
export class OpenedTicketCache {
  readonly #entries = new Map<number, Kept>()
  readonly #maxEntries: number
  /**
   * 32 bits of a ciphertext, at the place that other bits of it say. A newer one replaces an older
   * one.
   */
  readonly #seenOnce = new Uint32Array(SEEN_SLOTS)
  #octets = 0
  #sweptAt = 0

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#entries.size
  }

  /** Octets that the kept tickets hold, as they are counted against the limit. */
  get octets(): number {
    return this.#octets
  }

  find(sealed: EncryptedData, now: number): VerifiedTicket | undefined {
    const tail = tailOf(sealed)
    const found = this.#entries.get(tail)
    if (found === undefined || !sameSeal(found.ticket.opened.ticket.encPart, sealed)) return undefined
    if (hasEnded(found.ticket, now)) {
      this.#forget(tail)
      return undefined
    }
    this.#entries.delete(tail)
    this.#entries.set(tail, found)
    return found.ticket
  }

  /** To be told of every ticket that was opened. Returns whether it had been opened before. */
  remember(ticket: VerifiedTicket, now: number): boolean {
    const { encPart } = ticket.opened.ticket
    const seenBefore = this.#noteSeen(encPart)
    if (seenBefore && !hasEnded(ticket, now)) {
      this.#sweepWhenDue(now)
      this.#keep(ticket, encPart)
    }
    return seenBefore
  }

  forget(sealed: EncryptedData): void {
    this.#forget(tailOf(sealed))
  }

  clear(): void {
    this.#entries.clear()
    this.#seenOnce.fill(0)
    this.#octets = 0
  }

  #noteSeen({ cipher }: EncryptedData): boolean {
    const end = cipher.length
    const place = ((cipher[end - 1] << 8) | cipher[end - 2]) & (SEEN_SLOTS - 1)
    const mark = ((cipher[end - 3] << 24) | (cipher[end - 4] << 16) | (cipher[end - 5] << 8) | cipher[end - 6]) >>> 0
    const seenBefore = this.#seenOnce[place] === mark
    this.#seenOnce[place] = mark
    return seenBefore
  }

  #keep(ticket: VerifiedTicket, encPart: EncryptedData): void {
    if (this.#maxEntries === 0) return
    const tail = tailOf(encPart)
    this.#forget(tail)
    const octets = octetsHeldBy(ticket)
    if (octets > MAX_TICKET_OCTETS) return
    this.#entries.set(tail, { ticket, octets })
    this.#octets += octets
    if (this.#isFull) this.#makeRoom()
  }

  /**
   * What nobody shows again would else stay, session key and PAC with it, until others need the
   * room.
   */
  #sweepWhenDue(now: number): void {
    if (Math.abs(now - this.#sweptAt) < SWEEP_INTERVAL) return
    this.#sweptAt = now
    for (const [tail, { ticket }] of this.#entries) if (hasEnded(ticket, now)) this.#forget(tail)
  }

  get #isFull(): boolean {
    return this.#entries.size > this.#maxEntries || this.#octets > MAX_OCTETS
  }

  #makeRoom(): void {
    for (const tail of this.#entries.keys()) {
      this.#forget(tail)
      if (!this.#isFull) return
    }
  }

  #forget(tail: number): void {
    const found = this.#entries.get(tail)
    if (found === undefined) return
    this.#octets -= found.octets
    this.#entries.delete(tail)
  }
}

interface Kept {
  readonly ticket: VerifiedTicket
  readonly octets: number
}

function hasEnded({ opened }: VerifiedTicket, now: number): boolean {
  return opened.encTicketPart.endtime <= now
}

/**
 * What a ciphertext is found by, a number of 48 bits: its last octets, which nobody chooses who
 * lacks the key. All of it is compared then.
 */
function tailOf({ cipher }: EncryptedData): number {
  const end = cipher.length
  const high = (cipher[end - 1] << 16) | (cipher[end - 2] << 8) | cipher[end - 3]
  return high * 0x100_0000 + ((cipher[end - 4] << 16) | (cipher[end - 5] << 8) | cipher[end - 6])
}

function sameSeal(a: EncryptedData, b: EncryptedData): boolean {
  return a.etype === b.etype && Buffer.compare(a.cipher, b.cipher) === 0
}
