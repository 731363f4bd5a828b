/**
 * Finds the servers behind the host name of a KDC. Each address is a server of its own: one may
 * hang while another answers.
 */

import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'
import { LRUCache } from 'lru-cache'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'

/** A KDC by its IP address, where a `KdcAddress` may be a name for several. */
export interface KdcServer extends KdcAddress {
  /** The name that led to the address. */
  readonly name?: string
  /**
   * The server in messages, if `formatKdcAddress` does not tell it: `kdc.ad.test:88 (10.0.0.2)`.
   */
  readonly label?: string
}

/** Returns the addresses of a host, best first. */
export type HostLookup = (name: string) => Promise<readonly string[]>

/**
 * How long the addresses of a name are used; milliseconds. It is as long as the life of a socket,
 * since a KDC may move.
 */
const FOUND_FOR = 60_000

/** How long older addresses are still used while the name is resolved again; milliseconds. */
const STALE_FOR = 600_000

/** Names that are remembered. */
const MAX_NAMES = 1_000

/**
 * The most addresses of one name that are used. A name with more is a mistake, and each address
 * costs time.
 */
const MAX_ADDRESSES = 16

export class KdcServers {
  readonly #found = new LRUCache<string, { readonly servers: readonly KdcServer[]; readonly until: number }>({
    max: MAX_NAMES,
  })
  readonly #inFlight = new Map<string, Promise<readonly KdcServer[]>>()
  readonly #now: () => number
  readonly #lookup: HostLookup

  constructor(now: () => number, lookup: HostLookup = systemLookup) {
    this.#now = now
    this.#lookup = lookup
  }

  /**
   * Returns the servers that are known, at once; undefined for a name that is not known, or not any
   * more.
   */
  known(address: KdcAddress): readonly KdcServer[] | undefined {
    if (isIP(address.host) !== 0) return [address]
    const found = this.#found.get(keyOf(address))
    const now = this.#now()
    if (found === undefined || now >= found.until + STALE_FOR) return undefined
    if (now >= found.until) this.#start(address).catch(() => {})
    return found.servers
  }

  /**
   * Returns the servers. Rejects with the resolver's error, unless the name had addresses before.
   */
  find(address: KdcAddress): Promise<readonly KdcServer[]> {
    const known = this.known(address)
    return known === undefined ? this.#start(address) : Promise.resolve(known)
  }

  #start(address: KdcAddress): Promise<readonly KdcServer[]> {
    const key = keyOf(address)
    const flight = this.#inFlight.get(key) ?? this.#ask(address, key).finally(() => this.#inFlight.delete(key))
    this.#inFlight.set(key, flight)
    return flight
  }

  async #ask(address: KdcAddress, key: string): Promise<readonly KdcServer[]> {
    try {
      const hosts = [...new Set(await this.#lookup(address.host))].slice(0, MAX_ADDRESSES)
      if (hosts.length === 0) throw Object.assign(new Error('the name has no address'), { code: 'ENODATA' })
      const servers = hosts.map((host) => serverOf(address, host, hosts.length > 1))
      this.#found.set(key, { servers, until: this.#now() + FOUND_FOR })
      return servers
    } catch (error) {
      const before = this.#found.get(key)?.servers
      if (before === undefined) throw error
      return before
    }
  }
}

/** Returns the name of a server in messages. */
export function labelOf(server: KdcServer): string {
  return server.label ?? formatKdcAddress(server)
}

function keyOf(address: KdcAddress): string {
  return `${address.protocol ?? ''}/${formatKdcAddress(address)}`
}

function serverOf(address: KdcAddress, host: string, isOneOfSeveral: boolean): KdcServer {
  const label = formatKdcAddress(address)
  return { ...address, host, name: address.host, label: isOneOfSeveral ? `${label} (${host})` : label }
}

/**
 * Resolves a name as other programs of this machine do, with /etc/hosts and the configured order of
 * address families.
 */
async function systemLookup(name: string): Promise<readonly string[]> {
  return (await dns.lookup(name, { all: true, verbatim: true })).map(({ address }) => address)
}
