import { LRUCache } from 'lru-cache'
import type { KdcAddress } from '../configuration/kdc-address.js'
import { type DnsSource, lookUpKdcs } from './dns-lookup.js'
import { unlessAborted, withTimeLimit } from '../async/time-limit.js'

/**
 * How long an answer of DNS is used; milliseconds. Node does not tell how long an answer is valid.
 */
const FOUND_FOR = 300_000

/**
 * How long DNS is not asked again after it named no KDC, which may be a short disturbance;
 * milliseconds.
 */
const NOT_FOUND_FOR = 5_000

/**
 * How long an earlier answer is used after DNS has failed; milliseconds. Otherwise each request
 * would wait for the failing name server.
 */
const STALE_FOR = 60_000

/**
 * The longest wait for DNS; milliseconds. Enough for two name servers that do not answer and one
 * that does, and the caller has some time left then.
 */
const LOOKUP_LIMIT = 5_000

/** Realms that are remembered. Referrals name few realms. */
const MAX_REALMS = 100

interface Known {
  readonly addresses: readonly KdcAddress[]
  readonly until: number
}

/** Remembers the KDCs that DNS names. Requests for the same realm share one look-up. */
export class DnsMemory {
  readonly #known = new LRUCache<string, Known>({ max: MAX_REALMS })
  readonly #inFlight = new Map<string, Promise<readonly KdcAddress[]>>()
  readonly #now: () => number
  readonly #source: DnsSource | undefined
  readonly #withUri: () => boolean

  /** @param withUri returns whether URI records are asked for too */
  constructor(now: () => number, source: DnsSource | undefined, withUri: () => boolean = () => true) {
    this.#now = now
    this.#source = source
    this.#withUri = withUri
  }

  /**
   * Returns the KDCs of a realm. If DNS fails, these are the ones that it named before, or none.
   * Rejects with the signal's reason only.
   */
  async find(realm: string, signal: AbortSignal | undefined): Promise<readonly KdcAddress[]> {
    const known = this.#known.get(realm)
    if (known && known.until > this.#now()) return known.addresses
    return unlessAborted(this.#inFlight.get(realm) ?? this.#start(realm, known?.addresses ?? []), signal)
  }

  #start(realm: string, before: readonly KdcAddress[]): Promise<readonly KdcAddress[]> {
    const flight = this.#ask(realm, before).finally(() => this.#inFlight.delete(realm))
    this.#inFlight.set(realm, flight)
    return flight
  }

  async #ask(realm: string, before: readonly KdcAddress[]): Promise<readonly KdcAddress[]> {
    const source = this.#source
    try {
      const withUri = this.#withUri()
      const found = await withTimeLimit(LOOKUP_LIMIT, undefined, (signal) =>
        unlessAborted(lookUpKdcs(realm, { signal, source, withUri }), signal),
      )
      return this.#remember(realm, found, found.length > 0 ? FOUND_FOR : NOT_FOUND_FOR)
    } catch {
      return this.#remember(realm, before, before.length > 0 ? STALE_FOR : NOT_FOUND_FOR)
    }
  }

  #remember(realm: string, addresses: readonly KdcAddress[], lifetime: number): readonly KdcAddress[] {
    this.#known.set(realm, { addresses, until: this.#now() + lifetime })
    return addresses
  }
}
