import { LRUCache } from 'lru-cache'
import type { ServiceTicket } from './service-ticket.js'

/** Tickets kept. One is about 3 kB, so this is 30 MB at the most: 2,500 users of four backends within a ticket's lifetime. */
const DEFAULT_MAX_TICKETS = 10_000

/** Tickets end this long before they expire, so that none dies on the way to the backend; milliseconds. */
export const EXPIRY_MARGIN = 60_000

/**
 * Everything that decides which ticket a request gets. Two askers who differ in any of it never share an entry, and there is no
 * option that leaves something out: caches keyed by the service alone have handed users each other's tickets.
 */
export type TicketKey =
  | { readonly kind: 'own'; readonly client: string; readonly service: string; readonly etypes: readonly number[] }
  | {
      readonly kind: 's4u2self'
      readonly client: string
      readonly user: string
      readonly userNameType: number
      readonly etypes: readonly number[]
    }
  | {
      readonly kind: 's4u2proxy'
      readonly client: string
      readonly user: string
      readonly evidence: string
      readonly service: string
      readonly etypes: readonly number[]
    }

export interface TicketCacheOptions {
  readonly max?: number
  readonly now: () => number
}

/** Bounded by number, ended by time; one exchange per key however many callers wait for it. */
export class TicketCache {
  private readonly tickets: LRUCache<string, ServiceTicket>
  private readonly inFlight = new Map<string, Promise<ServiceTicket>>()
  private readonly now: () => number

  constructor({ max = DEFAULT_MAX_TICKETS, now }: TicketCacheOptions) {
    this.tickets = new LRUCache({ max })
    this.now = now
  }

  /** The ticket for this key, from the cache or through `request`. A caller who aborts leaves the exchange to the others. */
  async get(key: TicketKey, request: () => Promise<ServiceTicket>, signal?: AbortSignal): Promise<ServiceTicket> {
    signal?.throwIfAborted()
    const id = identify(key)
    const kept = this.tickets.get(id)
    if (kept && kept.expiresAt - EXPIRY_MARGIN > this.now()) return kept
    return abortable(this.inFlight.get(id) ?? this.start(id, request), signal)
  }

  clear(): void {
    this.tickets.clear()
  }

  get size(): number {
    return this.tickets.size
  }

  private start(id: string, request: () => Promise<ServiceTicket>): Promise<ServiceTicket> {
    const flight = request()
      .then((ticket) => {
        this.tickets.set(id, ticket)
        return ticket
      })
      .finally(() => this.inFlight.delete(id))
    this.inFlight.set(id, flight)
    // Every caller may have gone by the time it fails.
    flight.catch(() => {})
    return flight
  }
}

/** An unambiguous form: JSON quotes what a joined string would run together. The order of the properties is fixed here, not by the caller. */
function identify(key: TicketKey): string {
  const { kind, client, etypes } = key
  switch (kind) {
    case 'own':
      return JSON.stringify([kind, client, key.service, etypes])
    case 's4u2self':
      return JSON.stringify([kind, client, key.user, key.userNameType, etypes])
    case 's4u2proxy':
      return JSON.stringify([kind, client, key.user, key.evidence, key.service, etypes])
  }
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
