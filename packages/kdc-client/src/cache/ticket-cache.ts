import type { Journal } from '@s4u/krb5'
import { SingleFlight } from '../async/single-flight.js'
import { DelegationRefusedError, KdcError } from '../errors/kdc-errors.js'
import type { CacheMiss } from '../events/events.js'
import { cached, cachedRefusal } from '../events/exchange-lines.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { refreshTime, usableUntil } from '../tickets/ticket-times.js'
import { fromOthers } from './shared-flight.js'
import type { SealedTickets } from './sealed-tickets.js'
import { identify, type TicketKey } from './ticket-key.js'
import { type Asked, type CachedRefusal, type CachedTicket, TicketMemory } from './ticket-memory.js'
import type { TicketOptions } from './ticket-options.js'

/** The pause after a refresh in the background has failed; milliseconds. */
const RETRY_AFTER = 30_000

/**
 * How long no fresher ticket is requested after a fresh one came, even if a service cannot open the
 * fresh one either; milliseconds.
 */
const FRESH_FOR = 10_000

export interface TicketCacheOptions {
  readonly maxBytes?: number
  readonly refusedFor?: number
  readonly now: () => number
  /** Tickets that are shared with other instances of the service. */
  readonly shared?: SealedTickets
  /** Returns whether tickets that come now are shared too. Default: yes. */
  readonly mayShare?: () => boolean
  /** Gets a line for each answer of the cache. */
  readonly journal?: Journal
  /**
   * Returns whether a ticket is less than it could be: it is kept for a short time only, and not
   * shared. Default: no.
   */
  readonly isProvisional?: (ticket: ServiceTicket) => boolean
}

/** Requests a ticket from a KDC. `cache` tells why the cache did not answer. */
export type TicketRequest = (signal: AbortSignal, cache: CacheMiss) => Promise<ServiceTicket>

/** A request that is under way. */
interface Pending {
  readonly flight: SingleFlight<ServiceTicket>
  readonly askedAt: number
}

/** What a caller wants of a ticket. */
interface Wanted {
  /** The service could not open the ticket in the cache. */
  readonly fresh: boolean
  /** The earliest start of a ticket that another instance has got; milliseconds since the epoch. */
  readonly notBefore: number
}

/**
 * A cache of tickets. There is one exchange per key however many callers wait for it. A ticket near
 * its end is refreshed in the background and used meanwhile. A KDC's refusal is remembered briefly.
 */
export class TicketCache {
  readonly #memory: TicketMemory
  readonly #pending = new Map<string, Pending>()
  readonly #options: TicketCacheOptions

  constructor(options: TicketCacheOptions) {
    const { maxBytes, refusedFor, now } = options
    this.#options = options
    this.#memory = new TicketMemory({
      now,
      isProvisional: (ticket) => this.#isProvisional(ticket),
      ...(maxBytes !== undefined && { maxBytes }),
      ...(refusedFor !== undefined && { refusedFor }),
    })
  }

  /**
   * Returns the ticket for this key, from the cache or through `request`. A caller who aborts
   * leaves the exchange to the other callers; when the last one aborts, the exchange ends.
   */
  get(key: TicketKey, request: TicketRequest, options?: TicketOptions): Promise<ServiceTicket> {
    return this.getIdentified(identify(key), request, options)
  }

  /** The same as `get`, for a key whose text is known. */
  async getIdentified(
    id: string,
    request: TicketRequest,
    { signal, fresh = false, maxAge = Infinity }: TicketOptions = {},
  ): Promise<ServiceTicket> {
    signal?.throwIfAborted()
    const now = this.#options.now()
    const known = this.#memory.find(id)
    const entry = known && isYoungEnough(known, now, maxAge) ? known : undefined
    const pending = this.#pendingOf(id)
    const flight = pending && isYoungEnough(pending, now, maxAge) ? pending.flight : undefined
    const isFreshEnough = !fresh || (flight === undefined && now < (entry?.freshUntil ?? 0))
    if (entry && now < entry.usableUntil && isFreshEnough) {
      if (now >= entry.refreshAt && now >= entry.nextRefresh) this.#refresh(id, entry, request)
      this.#options.journal?.note(() => cached(entry.ticket))
      return entry.ticket
    }
    const refusal = this.#memory.findRefusal(id)
    if (refusal && now < refusal.until && isYoungEnough(refusal, now, maxAge)) {
      this.#options.journal?.note(() => cachedRefusal(refusal.error))
      throw refusal.error
    }
    // If the request fails it is not repeated at once: the ticket at hand is handed out until then.
    if (fresh && entry) entry.freshUntil = now + FRESH_FOR
    const wanted = { fresh, notBefore: now - maxAge }
    return (flight ?? this.#start(id, (until) => this.#obtain(id, () => request(until, 'miss'), wanted))).wait(signal)
  }

  /** Forgets a ticket that a KDC does not accept any more. */
  discard(ticket: ServiceTicket): void {
    this.#memory.discard(ticket)
  }

  /** Forgets everything. A request that is under way still answers its callers, but is not kept. */
  clear(): void {
    this.#memory.clear()
    this.#pending.clear()
  }

  get size(): number {
    return this.#memory.size
  }

  /** Octets, as they count against the limit. */
  get bytes(): number {
    return this.#memory.bytes
  }

  #pendingOf(id: string): Pending | undefined {
    const pending = this.#pending.get(id)
    return pending?.flight.isAborted ? undefined : pending
  }

  #refresh(id: string, entry: CachedTicket, request: TicketRequest): void {
    if (this.#pendingOf(id)) return
    const { epoch } = this.#memory
    const askedAt = this.#options.now()
    entry.nextRefresh = askedAt + RETRY_AFTER
    // A failure is harmless: the ticket at hand is still good, and a refusal says nothing about it.
    this.#start(id, async (signal, keep) => {
      // A caller who comes to wait for the refresh, and gives up, does not end it.
      keep()
      return this.#keep(id, await request(signal, 'refresh'), { askedAt, epoch })
    })
  }

  async #obtain(id: string, request: () => Promise<ServiceTicket>, wanted: Wanted): Promise<ServiceTicket> {
    const { shared, now } = this.#options
    const { fresh, notBefore } = wanted
    const { epoch } = this.#memory
    // When the other instance asked for the ticket is unknown, but not later than the ticket
    // begins.
    const isUsable = (ticket: ServiceTicket): boolean => now() < refreshTime(ticket) && ticket.startsAt > notBefore
    const found = await (fresh || shared === undefined ? undefined : fromOthers(shared, id, isUsable))
    if (found?.ticket !== undefined) {
      this.#memory.keep(id, found.ticket, { askedAt: found.ticket.startsAt, epoch })
      return found.ticket
    }
    const askedAt = now()
    const release = (): void => found?.lease?.release()
    try {
      const ticket = await request()
      return this.#keep(id, ticket, { askedAt, epoch, freshUntil: fresh ? now() + FRESH_FOR : 0 }, release)
    } catch (error) {
      release()
      if (isWorthRemembering(error)) this.#memory.refuse(id, error, { askedAt, epoch })
      throw error
    }
  }

  /** @param onShared called when the other instances can find the ticket, or never will */
  #keep(id: string, ticket: ServiceTicket, asked: Asked, onShared: () => void = () => {}): ServiceTicket {
    if (asked.epoch !== this.#memory.epoch) {
      onShared()
      return ticket
    }
    void this.#share(id, ticket).then(onShared)
    this.#memory.keep(id, ticket, asked)
    return ticket
  }

  async #share(id: string, ticket: ServiceTicket): Promise<void> {
    const { shared, now, mayShare } = this.#options
    if ((mayShare?.() ?? true) && !this.#isProvisional(ticket))
      await shared?.keep(id, ticket, usableUntil(ticket) - now())
  }

  #isProvisional(ticket: ServiceTicket): boolean {
    return this.#options.isProvisional?.(ticket) ?? false
  }

  #start(id: string, obtain: Obtain): SingleFlight<ServiceTicket> {
    const flight = new SingleFlight<ServiceTicket>((signal, keep) =>
      obtain(signal, keep).finally(() => {
        if (this.#pending.get(id)?.flight === flight) this.#pending.delete(id)
      }),
    )
    this.#pending.set(id, { flight, askedAt: this.#options.now() })
    return flight
  }
}

type Obtain = (signal: AbortSignal, keep: () => void) => Promise<ServiceTicket>

/** A clock that was set back makes nothing younger, so the age counts in both directions. */
function isYoungEnough({ askedAt }: { readonly askedAt: number }, now: number, maxAge: number): boolean {
  return maxAge === Infinity || Math.abs(now - askedAt) < maxAge
}

/**
 * A KDC's refusal is remembered, unless anybody on the network may have forged it. A refused
 * sign-in is not of this ticket: how long it holds, `SignInBackoff` knows.
 */
function isWorthRemembering(error: unknown): error is CachedRefusal['error'] {
  if (!(error instanceof KdcError || error instanceof DelegationRefusedError)) return false
  return !error.answer.unconfirmed && error.answer.step !== 'AS'
}
