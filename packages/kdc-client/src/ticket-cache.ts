import { LRUCache } from 'lru-cache'
import { DelegationRefusedError, KdcError } from './errors.js'
import type { CacheMiss } from './events.js'
import { Flight } from './flight.js'
import type { TicketOptions } from './kdc-client.js'
import type { ServiceTicket } from './service-ticket.js'
import { identify, type TicketKey } from './ticket-key.js'
import type { SealedTickets } from './ticket-store.js'
import { refreshTime, usableUntil } from './ticket-times.js'

export type { TicketKey } from './ticket-key.js'

/** Octets that tickets may take: some 20,000 of users in few groups. */
const DEFAULT_MAX_BYTES = 64 << 20

/** What an entry takes beside the octets of its ticket and its key: objects, a session key with what is derived from it. Measured. */
const OVERHEAD = 2_000

/** How long a refusal stands. Short: whoever mends the directory wants to see it work. */
const REFUSED_FOR = 10_000
const MAX_REFUSALS = 10_000

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
}

interface Entry {
  readonly ticket: ServiceTicket
  readonly refreshAt: number
  readonly usableUntil: number
  nextRefresh: number
  /** Until then it is the freshest that there is. */
  freshUntil: number
}

/** Gets a ticket from a KDC, as long as somebody waits for it, and is told why the cache had none. */
export type TicketRequest = (signal: AbortSignal, cache: CacheMiss) => Promise<ServiceTicket>

interface Refusal {
  readonly error: KdcError | DelegationRefusedError
  readonly until: number
}

/**
 * Tickets, bounded by octets and ended by time. One exchange per key however many callers wait for it; a ticket near its end is got anew
 * while it is still handed out; a KDC's no is remembered briefly.
 */
export class TicketCache {
  private readonly entries: LRUCache<string, Entry>
  private readonly refusals = new LRUCache<string, Refusal>({ max: MAX_REFUSALS })
  private readonly inFlight = new Map<string, Flight<ServiceTicket>>()
  private readonly options: TicketCacheOptions

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
    { signal, fresh = false }: TicketOptions = {},
  ): Promise<ServiceTicket> {
    signal?.throwIfAborted()
    const entry = this.entries.get(id)
    const flight = this.flightOf(id)
    const now = this.options.now()
    const isFreshEnough = !fresh || (flight === undefined && now < (entry?.freshUntil ?? 0))
    if (entry && now < entry.usableUntil && isFreshEnough) {
      if (now >= entry.refreshAt && now >= entry.nextRefresh) this.refresh(id, entry, request)
      return entry.ticket
    }
    const refusal = this.refusals.get(id)
    if (refusal && now < refusal.until) throw refusal.error
    // In vain it is not tried again at once: until then the old one is handed out.
    if (fresh && entry) entry.freshUntil = now + FRESH_FOR
    return (flight ?? this.start(id, (until) => this.obtain(id, () => request(until, 'miss'), fresh))).wait(signal)
  }

  /** A KDC does not take it any more. */
  discard(ticket: ServiceTicket): void {
    for (const [id, entry] of this.entries.entries()) if (entry.ticket === ticket) this.entries.delete(id)
  }

  clear(): void {
    this.entries.clear()
    this.refusals.clear()
  }

  get size(): number {
    return this.entries.size
  }

  /** Octets, as they are counted against the limit. */
  get bytes(): number {
    return this.entries.calculatedSize
  }

  private flightOf(id: string): Flight<ServiceTicket> | undefined {
    const flight = this.inFlight.get(id)
    return flight?.isAborted ? undefined : flight
  }

  private refresh(id: string, entry: Entry, request: TicketRequest): void {
    if (this.flightOf(id)) return
    entry.nextRefresh = this.options.now() + RETRY_AFTER
    // In vain is no harm: the ticket at hand is still good. A refusal now says nothing of that one.
    this.start(id, async (signal, keep) => {
      // Whoever comes to wait for it may go again.
      keep()
      return this.keep(id, await request(signal, 'refresh'))
    })
  }

  private async obtain(id: string, request: () => Promise<ServiceTicket>, fresh: boolean): Promise<ServiceTicket> {
    const { shared, now } = this.options
    const elsewhere = fresh ? undefined : await shared?.find(id)
    if (elsewhere && now() < refreshTime(elsewhere)) return this.remember(id, elsewhere)
    try {
      return this.keep(id, await request(), fresh ? now() + FRESH_FOR : 0)
    } catch (error) {
      if (isWorthRemembering(error))
        this.refusals.set(id, { error, until: now() + (this.options.refusedFor ?? REFUSED_FOR) })
      throw error
    }
  }

  private keep(id: string, ticket: ServiceTicket, freshUntil = 0): ServiceTicket {
    const { shared, now, mayShare } = this.options
    if (mayShare?.() ?? true) void shared?.keep(id, ticket, usableUntil(ticket) - now())
    return this.remember(id, ticket, freshUntil)
  }

  private remember(id: string, ticket: ServiceTicket, freshUntil = 0): ServiceTicket {
    const [refreshAt, until] = [refreshTime(ticket), usableUntil(ticket)]
    this.entries.set(id, { ticket, refreshAt, usableUntil: until, nextRefresh: 0, freshUntil })
    this.refusals.delete(id)
    return ticket
  }

  private start(id: string, obtain: FlightPlan): Flight<ServiceTicket> {
    const flight = new Flight<ServiceTicket>((signal, keep) =>
      obtain(signal, keep).finally(() => {
        if (this.inFlight.get(id) === flight) this.inFlight.delete(id)
      }),
    )
    this.inFlight.set(id, flight)
    return flight
  }
}

type FlightPlan = (signal: AbortSignal, keep: () => void) => Promise<ServiceTicket>

/** A KDC's no; not one that anybody on the network may have written. */
function isWorthRemembering(error: unknown): error is Refusal['error'] {
  return (error instanceof KdcError || error instanceof DelegationRefusedError) && !error.answer.unconfirmed
}

function sizeOf(id: string, { ticket }: ServiceTicket): number {
  return OVERHEAD + id.length + ticket.encPart.cipher.length
}
