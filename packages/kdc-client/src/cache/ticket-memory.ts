import { LRUCache } from 'lru-cache'
import type { DelegationRefusedError, KdcError } from '../errors/kdc-errors.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { refreshTime, usableUntil } from '../tickets/ticket-times.js'

/** Octets that tickets may take. That is enough for 20,000 tickets of users in few groups. */
const DEFAULT_MAX_BYTES = 64 << 20

/**
 * Octets of an entry beside its ticket and its key: objects, and a session key with the keys that
 * are derived from it. Measured.
 */
const OVERHEAD = 2_000

/**
 * How long a refusal is remembered; milliseconds. Short, because an administrator who corrects the
 * directory wants to see the effect.
 */
const REFUSED_FOR = 10_000
/** Refusals that are remembered: callers choose names, and each is one more. */
const MAX_REFUSALS = 10_000
/**
 * Octets that refusals may take. The names in them come from forms, and an error carries hints, a
 * stack and what the KDC said.
 */
const MAX_REFUSAL_BYTES = 32 << 20
/** Octets of a refusal beside its key and its texts. */
const REFUSAL_OVERHEAD = 4_000

/** How long a provisional ticket is kept, one that is less than it could be; milliseconds. */
const PROVISIONAL_FOR = 60_000

export interface CachedTicket {
  readonly ticket: ServiceTicket
  /** From then on the ticket is refreshed in the background. */
  readonly refreshAt: number
  readonly usableUntil: number
  /** When the KDC was asked for it. The KDC's answer may be that old. */
  readonly askedAt: number
  nextRefresh: number
  /** Until then no fresher ticket is requested. */
  freshUntil: number
}

export interface CachedRefusal {
  readonly error: KdcError | DelegationRefusedError
  readonly askedAt: number
  readonly until: number
}

/** When a ticket was asked for, and what was known then. */
export interface Asked {
  readonly askedAt: number
  /** The value of `epoch` when the KDC was asked. */
  readonly epoch: number
  readonly freshUntil?: number
}

export interface TicketMemoryOptions {
  readonly maxBytes?: number
  readonly refusedFor?: number
  readonly now: () => number
  /** The ticket is less than it could be, and is kept for a short time only. */
  readonly isProvisional: (ticket: ServiceTicket) => boolean
}

/** Tickets and refusals in memory. Their size is limited in octets, and each ends at its time. */
export class TicketMemory {
  /** How many times everything was forgotten. */
  epoch = 0
  readonly #tickets: LRUCache<string, CachedTicket>
  readonly #refusals = new LRUCache<string, CachedRefusal>({
    max: MAX_REFUSALS,
    maxSize: MAX_REFUSAL_BYTES,
    sizeCalculation: ({ error }, id) => sizeOfRefusal(id, error),
  })
  readonly #options: TicketMemoryOptions

  constructor(options: TicketMemoryOptions) {
    this.#options = options
    this.#tickets = new LRUCache({
      maxSize: options.maxBytes ?? DEFAULT_MAX_BYTES,
      sizeCalculation: ({ ticket }, id) => sizeOf(id, ticket),
    })
  }

  get size(): number {
    return this.#tickets.size
  }

  /** Octets, as they count against the limit. */
  get bytes(): number {
    return this.#tickets.calculatedSize
  }

  find(id: string): CachedTicket | undefined {
    return this.#tickets.get(id)
  }

  findRefusal(id: string): CachedRefusal | undefined {
    return this.#refusals.get(id)
  }

  /** Keeps a ticket, unless the answer to a later question is kept already. */
  keep(id: string, ticket: ServiceTicket, { askedAt, epoch, freshUntil = 0 }: Asked): void {
    if (epoch !== this.epoch) return
    const known = this.#tickets.get(id)
    if (known && known.askedAt > askedAt) return
    const most = this.#options.isProvisional(ticket) ? askedAt + PROVISIONAL_FOR : Infinity
    const [refreshAt, until] = [refreshTime(ticket), Math.min(usableUntil(ticket), most)]
    this.#tickets.set(id, { ticket, refreshAt, usableUntil: until, askedAt, nextRefresh: 0, freshUntil })
    this.#refusals.delete(id)
  }

  /** Keeps a refusal. It replaces a ticket that was asked for earlier. */
  refuse(id: string, error: CachedRefusal['error'], { askedAt, epoch }: Asked): void {
    if (epoch !== this.epoch) return
    const known = this.#tickets.get(id)
    if (known && known.askedAt <= askedAt) this.#tickets.delete(id)
    const until = this.#options.now() + (this.#options.refusedFor ?? REFUSED_FOR)
    this.#refusals.set(id, { error, askedAt, until })
  }

  /** Forgets a ticket that a KDC does not accept any more. */
  discard(ticket: ServiceTicket): void {
    for (const [id, entry] of this.#tickets.entries()) if (entry.ticket === ticket) this.#tickets.delete(id)
  }

  /** Forgets everything. An answer to an earlier question is not kept any more when it comes. */
  clear(): void {
    this.epoch++
    this.#tickets.clear()
    this.#refusals.clear()
  }
}

function sizeOfRefusal(id: string, { message, hint = '' }: CachedRefusal['error']): number {
  // The stack repeats the message, and the answer has the names once more.
  return REFUSAL_OVERHEAD + 2 * (id.length + 3 * message.length + hint.length)
}

function sizeOf(id: string, { ticket }: ServiceTicket): number {
  return OVERHEAD + id.length + ticket.encPart.cipher.length
}
