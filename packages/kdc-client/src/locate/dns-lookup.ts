/**
 * Finds the servers of a realm in DNS. Source: RFC 4120 section 7.2.3.2, RFC 2782, and MIT's URI
 * records.
 */

import { promises as dns } from 'node:dns'
import { type UriRecord, resolveUri } from './dns-uri.js'
import { type KdcAddress, parseKdcAddress } from '../configuration/kdc-address.js'
import { traceLookup } from '../events/trace-lines.js'

/** Answers questions to DNS, for tests. */
export interface DnsSource {
  resolveSrv(name: string, signal?: AbortSignal): Promise<readonly SrvRecord[]>
  resolveUri(name: string, signal?: AbortSignal): Promise<readonly UriRecord[]>
  /**
   * Returns the addresses of a host, best first. Default: those that the system returns
   * (`dns.lookup`).
   */
  lookup?(name: string): Promise<readonly string[]>
}

/** A record of type SRV: a server of a service, with its port. Source: RFC 2782. */
export interface SrvRecord {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

export interface LookupOptions {
  readonly source?: DnsSource
  readonly random?: () => number
  readonly signal?: AbortSignal
  /**
   * Whether DNS is asked for URI records too, which take precedence over SRV records. Default: yes.
   */
  readonly withUri?: boolean
  /** The kind of server. Default: KDCs. */
  readonly service?: RealmService
}

/** The label in front of the realm, and the port of a URI record that names none. */
export interface RealmService {
  readonly label: string
  readonly port: number
}

const KDC_SERVICE: RealmService = { label: '_kerberos', port: 88 }

const systemDns: DnsSource = { resolveSrv, resolveUri }

/**
 * How long one name server may take, so that several get their turn before the caller gives up;
 * milliseconds.
 */
const PATIENCE = { timeout: 1_000, tries: 2 }

/** Asks with a resolver of its own, so that the questions can be cancelled. */
async function resolveSrv(name: string, signal?: AbortSignal): Promise<readonly SrvRecord[]> {
  signal?.throwIfAborted()
  const resolver = new dns.Resolver(PATIENCE)
  const cancel = (): void => resolver.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await resolver.resolveSrv(name)
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}

/**
 * Returns the servers of the URI records if there are any, else those of the SRV records: the
 * lowest priority first, and within one priority at random by weight. The list is empty if DNS has
 * none. Rejects with the error of a failed name server, if no other one knows servers.
 */
export async function lookUpKdcs(realm: string, options: LookupOptions = {}): Promise<readonly KdcAddress[]> {
  const { source = systemDns, random = Math.random, signal, withUri = true, service = KDC_SERVICE } = options
  if (!DOMAIN.test(realm)) return []
  traceLookup(realm)
  const [byUri, bySrv] = await Promise.all([
    withUri ? uriAddresses(source, realm, service, random, signal) : [],
    srvAddresses(source, realm, service, random, signal),
  ])
  signal?.throwIfAborted()
  const found = byUri.length > 0 ? byUri : bySrv.addresses
  traceLookup(realm, found)
  if (found.length === 0 && bySrv.failure !== undefined) throw bySrv.failure
  return found
}

/**
 * Realms that can be names of domains. Kerberos permits other names, which have no records. Source:
 * RFC 4120 section 6.1, RFC 1035 section 2.3.1.
 */
const DOMAIN = /^(?=.{1,240}$)[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/

interface SrvAnswer {
  readonly records: readonly SrvRecord[]
  /** Why it is unknown whether there are records. */
  readonly failure?: unknown
}

async function srvAddresses(
  source: DnsSource,
  realm: string,
  { label }: RealmService,
  random: () => number,
  signal: AbortSignal | undefined,
): Promise<{ readonly addresses: readonly KdcAddress[]; readonly failure?: unknown }> {
  const [{ records: udp, failure }, { records: tcp, failure: otherFailure }] = await Promise.all([
    srvRecords(source, `${label}._udp.${realm}`, signal),
    srvRecords(source, `${label}._tcp.${realm}`, signal),
  ])
  const overTcp = new Set(tcp.map(addressOf))
  const onlyTcp = tcp.filter((record) => !udp.some((other) => addressOf(other) === addressOf(record)))
  const addresses = [...inOrder(udp, random), ...inOrder(onlyTcp, random)].map((record) => ({
    host: record.name,
    port: record.port,
    ...(onlyTcp.includes(record)
      ? { protocol: 'tcp' as const }
      : !overTcp.has(addressOf(record)) && tcp.length > 0 && { protocol: 'udp' as const }),
  }))
  return { addresses, failure: failure ?? otherFailure }
}

async function srvRecords(source: DnsSource, name: string, signal: AbortSignal | undefined): Promise<SrvAnswer> {
  try {
    const answer = await source.resolveSrv(name, signal)
    // A target of "." says that the service is not available. Port 0 cannot be connected to.
    // Source: RFC 2782.
    return { records: answer.filter(({ name: target, port }) => target !== '' && target !== '.' && port > 0) }
  } catch (failure) {
    return isAbsence(failure) ? { records: [] } : { records: [], failure }
  }
}

/**
 * Returns whether an error says that there is no such name or record. Any other error says nothing
 * about that.
 */
function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')
}

async function uriAddresses(
  source: DnsSource,
  realm: string,
  { label, port }: RealmService,
  random: () => number,
  signal: AbortSignal | undefined,
): Promise<KdcAddress[]> {
  const records = await source.resolveUri(`${label}.${realm}`, signal).catch(() => [])
  return inOrder(records, random).flatMap(({ target }) => uriAddress(target, port) ?? [])
}

/**
 * Parses `krb5srv:FLAGS:TRANSPORT:RESIDUAL`, as MIT writes it: `krb5srv:m:udp:kdc1.ad.test:88`,
 * `krb5srv::kkdcp:https://host/path`.
 */
function uriAddress(target: string, port: number): KdcAddress | undefined {
  const match = /^krb5srv:[a-z]*:(udp|tcp|kkdcp):(.+)$/i.exec(target)
  if (match === null) return undefined
  const [, transport, residual] = match
  try {
    const address = parseKdcAddress(
      transport.toLowerCase() === 'kkdcp' ? residual : `${transport.toLowerCase()}/${residual}`,
      port,
    )
    return transport.toLowerCase() === 'kkdcp' && address.protocol !== 'https' ? undefined : address
  } catch {
    return undefined
  }
}

/**
 * Sorts records by priority. Within one priority, each draw takes a record with the probability of
 * its weight. Source: RFC 2782.
 */
export function inOrder<T extends { readonly priority: number; readonly weight: number }>(
  records: readonly T[],
  random: () => number,
): T[] {
  const rest = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight)
  const ordered: T[] = []
  while (rest.length > 0) {
    const group = rest.filter(({ priority }) => priority === rest[0].priority)
    let draw = random() * group.reduce((sum, { weight }) => sum + weight, 0)
    const chosen = group.find(({ weight }) => (draw -= weight) <= 0) ?? group[group.length - 1]
    ordered.push(...rest.splice(rest.indexOf(chosen), 1))
  }
  return ordered
}

function addressOf({ name, port }: SrvRecord): string {
  return `${name}:${port}`
}
