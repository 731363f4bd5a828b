import { LRUCache } from 'lru-cache'
import type { KdcAddress } from '../configuration/kdc-address.js'
import { type DnsSource, lookUpKdcs } from './dns-lookup.js'
import { abortable, withTimeLimit } from '../async/time-limit.js'

/**
 * How long what DNS said is believed; milliseconds. Node does not tell how long its answers are
 * good for.
 */
const FOUND_FOR = 300_000

/** A realm that nothing was found for may have been a hiccup. */
const NOT_FOUND_FOR = 5_000

/**
 * What DNS said before is used for so long when it fails, before it is asked again: a failing one
 * keeps its askers waiting.
 */
const STALE_FOR = 60_000

/**
 * Time for two name servers that do not answer and one that does; a caller is left some of his own
 * then.
 */
const LOOKUP_LIMIT = 5_000

/** Realms remembered; referrals name few. */
const MAX_REALMS = 100

interface Known {
  readonly addresses: readonly KdcAddress[]
  readonly until: number
}

/** The KDCs that DNS names, asked for once in a while, and by one for all who come meanwhile. */
export class DnsMemory {
  private readonly known = new LRUCache<string, Known>({ max: MAX_REALMS })
  private readonly inFlight = new Map<string, Promise<readonly KdcAddress[]>>()
  private readonly now: () => number
  private readonly source: DnsSource | undefined
  private readonly withUri: () => boolean

  /** @param withUri whether URI records are asked for as well, now */
  constructor(now: () => number, source: DnsSource | undefined, withUri: () => boolean = () => true) {
    this.now = now
    this.source = source
    this.withUri = withUri
  }

  /**
   * Rejects with the signal's reason only: DNS that fails names the KDCs that it named before, or
   * none.
   */
  async find(realm: string, signal: AbortSignal | undefined): Promise<readonly KdcAddress[]> {
    const known = this.known.get(realm)
    if (known && known.until > this.now()) return known.addresses
    return abortable(this.inFlight.get(realm) ?? this.start(realm, known?.addresses ?? []), signal)
  }

  private start(realm: string, before: readonly KdcAddress[]): Promise<readonly KdcAddress[]> {
    const flight = this.ask(realm, before).finally(() => this.inFlight.delete(realm))
    this.inFlight.set(realm, flight)
    return flight
  }

  private async ask(realm: string, before: readonly KdcAddress[]): Promise<readonly KdcAddress[]> {
    const { source } = this
    try {
      const withUri = this.withUri()
      const found = await withTimeLimit(LOOKUP_LIMIT, undefined, (signal) =>
        abortable(lookUpKdcs(realm, { signal, source, withUri }), signal),
      )
      return this.remember(realm, found, found.length > 0 ? FOUND_FOR : NOT_FOUND_FOR)
    } catch {
      return this.remember(realm, before, before.length > 0 ? STALE_FOR : NOT_FOUND_FOR)
    }
  }

  private remember(realm: string, addresses: readonly KdcAddress[], lifetime: number): readonly KdcAddress[] {
    this.known.set(realm, { addresses, until: this.now() + lifetime })
    return addresses
  }
}
