import type { EncryptedData } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'
import { octetsHeldBy } from './octets-held.js'

/**
 * How many octets of memory all kept tickets may hold, with everything decoded from them: enough
 * for 4,096 tickets of ordinary users.
 */
export const MAX_OCTETS: number = 64 * 1024 * 1024

/**
 * How many octets one ticket may hold to be kept. A larger one is opened each time, at its owner's
 * cost: a user who can make a KDC put much into tickets must not push out the tickets of others.
 */
export const MAX_TICKET_OCTETS: number = MAX_OCTETS / 64

/** How often expired tickets are dropped, in milliseconds. Checked when a ticket is kept. */
const SWEEP_INTERVAL = 60_000

/** For how many tickets their first use is remembered; a power of two. */
const SEEN_SLOTS = 8_192

/**
 * Keeps tickets that were opened and verified, so that a client that shows its ticket again costs
 * less. A ticket is found by its exact ciphertext and kept until it expires; the least recently
 * used one goes first. Nothing in the cache depends on the time or on the authenticator: both are
 * checked with every request.
 *
 * A ticket is kept when it is used for the second time. Many tickets are used only once. To keep
 * these would cost the garbage collector as much as decryption costs, and a user with many tickets
 * could push out the tickets of others.
 */
export class OpenedTicketCache {
  readonly #entries = new Map<number, Kept>()
  readonly #maxEntries: number
  /**
   * 32 bits of a ciphertext, in the slot that other bits of it name. A newer ticket replaces an
   * older one.
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

  /** How many octets the kept tickets hold, as counted against the limit. */
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

  /**
   * Records that a ticket was opened, and keeps it if it was opened before. Returns whether it was.
   */
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
    const tail = tailOf(encPart)
    this.#forget(tail)
    const octets = octetsHeldBy(ticket)
    if (octets > MAX_TICKET_OCTETS) return
    this.#entries.set(tail, { ticket, octets })
    this.#octets += octets
    if (this.#isFull) this.#makeRoom()
  }

  /**
   * Drops expired tickets. Otherwise a ticket that is not used again would stay in memory, with its
   * session key and PAC, until others need the room.
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
 * Returns the number of 48 bits by which a ciphertext is found: its last octets, which cannot be
 * chosen without the key. The whole ciphertext is compared afterwards.
 */
function tailOf({ cipher }: EncryptedData): number {
  const end = cipher.length
  const high = (cipher[end - 1] << 16) | (cipher[end - 2] << 8) | cipher[end - 3]
  return high * 0x100_0000 + ((cipher[end - 4] << 16) | (cipher[end - 5] << 8) | cipher[end - 6])
}

function sameSeal(a: EncryptedData, b: EncryptedData): boolean {
  return a.etype === b.etype && Buffer.compare(a.cipher, b.cipher) === 0
}
