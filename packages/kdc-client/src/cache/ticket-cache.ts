import type { Journal } from '@s4u/krb5'
import { LRUCache } from 'lru-cache'
import { DelegationRefusedError, KdcError } from '../errors/kdc-errors.js'
import type { CacheMiss } from '../events/events.js'
import { cached, cachedRefusal } from '../events/exchange-lines.js'
import { Flight } from '../async/single-flight.js'
import type { TicketOptions } from './ticket-options.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { identify, type TicketKey } from './ticket-key.js'
import type { SealedTickets } from './shared-tickets.js'
import { refreshTime, usableUntil } from '../tickets/ticket-times.js'

export type { TicketKey } from './ticket-key.js'

/** Octets that tickets may take: some 20,000 of users in few groups. */
const DEFAULT_MAX_BYTES = 64 << 20

/** What an entry takes beside the octets of its ticket and its key: objects, a session key with what is derived from it. Measured. */
const OVERHEAD = 2_000

/** How long a refusal stands. Short: whoever mends the directory wants to see it work. */
const REFUSED_FOR = 10_000
const MAX_REFUSALS = 10_000
/** Octets that refusals may take: names in them were typed into forms, and errors bring advice, a stack and what a KDC said. */
const MAX_REFUSAL_BYTES = 32 << 20
/** What a refusal takes beside its key and its texts. */
const REFUSAL_OVERHEAD = 4_000

/** How long a ticket stands that is less than it could be. Whoever mends the directory wants to see that as well; milliseconds. */
const PROVISIONAL_FOR = 60_000

/** A refresh in the background that fails is tried again after this; milliseconds. */
const RETRY_AFTER = 30_000

/** After a fresh ticket there is no fresher one for so long, whatever a service says that cannot open it either; milliseconds. */
const FRESH_FOR = 10_000

export interface TicketCacheOptions {
  readonly maxBytes?: number
  readonly refusedFor?: number
  readonly now: () => number
  /** Shared with other instances. */
  readonly shared?: SealedTickets
  /** Whether the tickets that are got now are for others too. Default: yes. */
  readonly mayShare?: () => boolean
  /** Told what the cache answers by itself. */
  readonly journal?: Journal
  /** Whether a ticket is less than it could be: it is kept for a short time only, and not shared. Default: none is. */
  readonly isProvisional?: (ticket: ServiceTicket) => boolean
}

interface Entry {
  readonly ticket: ServiceTicket
  readonly refreshAt: number
  readonly usableUntil: number
  /** When the KDC began to be asked for it: its answer may be that old. */
  readonly askedAt: number
  nextRefresh: number
  /** Until then it is the freshest that there is. */
  freshUntil: number
}

/** Gets a ticket from a KDC, as long as somebody waits for it, and is told why the cache had none. */
export type TicketRequest = (signal: AbortSignal, cache: CacheMiss) => Promise<ServiceTicket>

interface Refusal {
  readonly error: KdcError | DelegationRefusedError
  readonly askedAt: number
  readonly until: number
}

interface Asking {
  readonly flight: Flight<ServiceTicket>
  readonly askedAt: number
}

/**
 * Tickets, bounded by octets and ended by time. One exchange per key however many callers wait for it; a ticket near its end is got anew
 * while it is still handed out; a KDC's no is remembered briefly.
 */
export class TicketCache {
  private readonly entries: LRUCache<string, Entry>
  private readonly refusals = new LRUCache<string, Refusal>({
    max: MAX_REFUSALS,
    maxSize: MAX_REFUSAL_BYTES,
    sizeCalculation: ({ error }, id) => sizeOfRefusal(id, error),
  })
  private readonly inFlight = new Map<string, Asking>()
  private readonly options: TicketCacheOptions
  /** How often all has been forgotten. */
  private epoch = 0

  constructor(options: TicketCacheOptions) {
    this.options = options
    this.entries = new LRUCache({
      maxSize: options.maxBytes ?? DEFAULT_MAX_BYTES,
      sizeCalculation: ({ ticket }, id) => sizeOf(id, ticket),
    })
  }

  /**
   * The ticket for this key, from the cache or through `request`. A caller who aborts leaves the exchange to the others; with the last
   * one it ends.
   */
  get(key: TicketKey, request: TicketRequest, options?: TicketOptions): Promise<ServiceTicket> {
    return this.getIdentified(identify(key), request, options)
  }

  /** The same for a key that has been identified before. */
  async getIdentified(
    id: string,
    request: TicketRequest,
    { signal, fresh = false, maxAge = Infinity }: TicketOptions = {},
  ): Promise<ServiceTicket> {
    signal?.throwIfAborted()
    const now = this.options.now()
    const known = this.entries.get(id)
    const entry = known && isYoungEnough(known, now, maxAge) ? known : undefined
    const asking = this.askingOf(id)
    const flight = asking && isYoungEnough(asking, now, maxAge) ? asking.flight : undefined
    const isFreshEnough = !fresh || (flight === undefined && now < (entry?.freshUntil ?? 0))
    if (entry && now < entry.usableUntil && isFreshEnough) {
      if (now >= entry.refreshAt && now >= entry.nextRefresh) this.refresh(id, entry, request)
      this.options.journal?.note(() => cached(entry.ticket))
      return entry.ticket
    }
    const refusal = this.refusals.get(id)
    if (refusal && now < refusal.until && isYoungEnough(refusal, now, maxAge)) {
      this.options.journal?.note(() => cachedRefusal(refusal.error))
      throw refusal.error
    }
    // In vain it is not tried again at once: until then the old one is handed out.
    if (fresh && entry) entry.freshUntil = now + FRESH_FOR
    const wanted = { fresh, notBefore: now - maxAge }
    return (flight ?? this.start(id, (until) => this.obtain(id, () => request(until, 'miss'), wanted))).wait(signal)
  }

  /** A KDC does not take it any more. */
  discard(ticket: ServiceTicket): void {
    for (const [id, entry] of this.entries.entries()) if (entry.ticket === ticket) this.entries.delete(id)
  }

  /** What is under way still ends with whoever waits for it, but is not kept: it was begun with what is forgotten now. */
  clear(): void {
    this.epoch++
    this.entries.clear()
    this.refusals.clear()
    this.inFlight.clear()
  }

  get size(): number {
    return this.entries.size
  }

  /** Octets, as they are counted against the limit. */
  get bytes(): number {
    return this.entries.calculatedSize
  }

  private askingOf(id: string): Asking | undefined {
    const asking = this.inFlight.get(id)
    return asking?.flight.isAborted ? undefined : asking
  }

  private refresh(id: string, entry: Entry, request: TicketRequest): void {
    if (this.askingOf(id)) return
    const { epoch } = this
    const askedAt = this.options.now()
    entry.nextRefresh = askedAt + RETRY_AFTER
    // In vain is no harm: the ticket at hand is still good. A refusal now says nothing of that one.
    this.start(id, async (signal, keep) => {
      // Whoever comes to wait for it may go again.
      keep()
      return this.keep(id, await request(signal, 'refresh'), { askedAt, epoch })
    })
  }

  private async obtain(id: string, request: () => Promise<ServiceTicket>, wanted: Wanted): Promise<ServiceTicket> {
    const { shared, now } = this.options
    const { fresh, notBefore } = wanted
    const { epoch } = this
    const elsewhere = fresh ? undefined : await shared?.find(id)
    // When the other instance asked for it is not known, but that the ticket begins no earlier.
    if (elsewhere && now() < refreshTime(elsewhere) && elsewhere.startsAt > notBefore)
      return this.remember(id, elsewhere, { askedAt: elsewhere.startsAt, epoch })
    const askedAt = now()
    try {
      return this.keep(id, await request(), { askedAt, epoch, freshUntil: fresh ? now() + FRESH_FOR : 0 })
    } catch (error) {
      if (isWorthRemembering(error) && epoch === this.epoch) this.refuse(id, error, askedAt)
      throw error
    }
  }

  /** A KDC's no is worth more than its yes before. */
  private refuse(id: string, error: KdcError | DelegationRefusedError, askedAt: number): void {
    const known = this.entries.get(id)
    if (known && known.askedAt <= askedAt) this.entries.delete(id)
    const until = this.options.now() + (this.options.refusedFor ?? REFUSED_FOR)
    this.refusals.set(id, { error, askedAt, until })
  }

  private keep(id: string, ticket: ServiceTicket, about: About): ServiceTicket {
    const { shared, now, mayShare } = this.options
    if (about.epoch !== this.epoch) return ticket
    if ((mayShare?.() ?? true) && !this.isProvisional(ticket))
      void shared?.keep(id, ticket, usableUntil(ticket) - now())
    return this.remember(id, ticket, about)
  }

  /** An answer that took its time does not replace that to a later question. */
  private remember(id: string, ticket: ServiceTicket, { askedAt, epoch, freshUntil = 0 }: About): ServiceTicket {
    if (epoch !== this.epoch) return ticket
    const known = this.entries.get(id)
    if (known && known.askedAt > askedAt) return ticket
    const most = this.isProvisional(ticket) ? askedAt + PROVISIONAL_FOR : Infinity
    const [refreshAt, until] = [refreshTime(ticket), Math.min(usableUntil(ticket), most)]
    this.entries.set(id, { ticket, refreshAt, usableUntil: until, askedAt, nextRefresh: 0, freshUntil })
    this.refusals.delete(id)
    return ticket
  }

  private isProvisional(ticket: ServiceTicket): boolean {
    return this.options.isProvisional?.(ticket) ?? false
  }

  private start(id: string, obtain: FlightPlan): Flight<ServiceTicket> {
    const flight = new Flight<ServiceTicket>((signal, keep) =>
      obtain(signal, keep).finally(() => {
        if (this.inFlight.get(id)?.flight === flight) this.inFlight.delete(id)
      }),
    )
    this.inFlight.set(id, { flight, askedAt: this.options.now() })
    return flight
  }
}

interface About {
  readonly askedAt: number
  /** How often all had been forgotten when it was asked for. */
  readonly epoch: number
  readonly freshUntil?: number
}

/** What is asked of a ticket that another instance has got. Milliseconds since the epoch. */
interface Wanted {
  readonly fresh: boolean
  readonly notBefore: number
}

type FlightPlan = (signal: AbortSignal, keep: () => void) => Promise<ServiceTicket>

/** In both directions: a clock that was set back makes nothing younger. */
function isYoungEnough({ askedAt }: { readonly askedAt: number }, now: number, maxAge: number): boolean {
  return maxAge === Infinity || Math.abs(now - askedAt) < maxAge
}

/** A KDC's no; not one that anybody on the network may have written. */
function isWorthRemembering(error: unknown): error is Refusal['error'] {
  return (error instanceof KdcError || error instanceof DelegationRefusedError) && !error.answer.unconfirmed
}

function sizeOfRefusal(id: string, { message, hint = '' }: Refusal['error']): number {
  // A message is in the stack a second time, and the answer has the names once more.
  return REFUSAL_OVERHEAD + 2 * (id.length + 3 * message.length + hint.length)
}

function sizeOf(id: string, { ticket }: ServiceTicket): number {
  return OVERHEAD + id.length + ticket.encPart.cipher.length
}
