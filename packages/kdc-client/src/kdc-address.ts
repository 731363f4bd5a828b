import { promises as dns } from 'node:dns'
import { ConfigurationError } from '@s4u/krb5'

export interface KdcAddress {
  readonly host: string
  readonly port: number
  /** Only this protocol; without it UDP first, then TCP. */
  readonly protocol?: 'udp' | 'tcp'
}

/** Reads `kdc1.ad.test`, `kdc1.ad.test:88`, `[::1]:88`, `tcp/kdc1.ad.test:88`, as krb5.conf writes them. @throws ConfigurationError */
export function parseKdcAddress(text: string): KdcAddress {
  const match = /^(?:(udp|tcp)\/)?(?:\[([0-9A-Fa-f:.]+)\]|([^\s/:[\]]+))(?::(\d{1,5}))?$/.exec(text.trim())
  const port = Number(match?.[4] ?? KERBEROS_PORT)
  if (match === null || port < 1 || port > 65_535) {
    throw new ConfigurationError(`not the address of a KDC: ${JSON.stringify(text)}`, {
      hint: 'Write host, host:port, [IPv6]:port, tcp/host:port or udp/host:port.',
    })
  }
  const protocol = match[1] === 'udp' || match[1] === 'tcp' ? match[1] : undefined
  return { host: match[2] ?? match[3], port, ...(protocol && { protocol }) }
}

/** Source: RFC 4120 section 7.2.1. */
const KERBEROS_PORT = 88

/**
 * The KDCs that DNS names for a realm: lowest priority first, by weight at random within a priority. None is an empty list.
 * Source: RFC 4120 section 7.2.3.2, RFC 2782.
 */
export async function lookUpKdcs(realm: string, random: () => number = Math.random): Promise<readonly KdcAddress[]> {
  const [udp, tcp] = await Promise.all([srvRecords(`_kerberos._udp.${realm}`), srvRecords(`_kerberos._tcp.${realm}`)])
  const overTcp = new Set(tcp.map(addressOf))
  const onlyTcp = tcp.filter((record) => !udp.some((other) => addressOf(other) === addressOf(record)))
  return [...inOrder(udp, random), ...inOrder(onlyTcp, random)].map((record) => ({
    host: record.name,
    port: record.port,
    ...(onlyTcp.includes(record)
      ? { protocol: 'tcp' as const }
      : !overTcp.has(addressOf(record)) && tcp.length > 0 && { protocol: 'udp' as const }),
  }))
}

interface SrvRecord {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

async function srvRecords(name: string): Promise<readonly SrvRecord[]> {
  try {
    // A target of "." says that the service is decidedly not available. Source: RFC 2782.
    return (await dns.resolveSrv(name)).filter((record) => record.name !== '' && record.name !== '.')
  } catch {
    return []
  }
}

/** Priority first; within one, each draw takes a record with the chance of its weight. Source: RFC 2782. */
export function inOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const rest = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight)
  const ordered: SrvRecord[] = []
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
