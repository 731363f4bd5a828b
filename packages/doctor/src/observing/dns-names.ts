import { promises as dns } from 'node:dns'
import { isIP } from 'node:net'

/** What DNS says of a host. */
export interface DnsNames {
  /** Its addresses, of both families. */
  readonly addresses: readonly string[]
  /** The name that the addresses belong to, where the host is an alias (CNAME) of it. */
  readonly canonicalName?: string
  /** The names that the addresses lead back to. */
  readonly reverse: ReadonlyMap<string, readonly string[]>
}

/** Aliases that are followed from one to the next; more are a loop. */
const MAX_ALIASES = 8

/**
 * Resolves with what DNS says of the host. With servers, those are asked; without, this machine's
 * resolver and its hosts file.
 */
export async function lookUpNames(host: string, servers: readonly string[] | undefined): Promise<DnsNames> {
  const resolver = new dns.Resolver({ timeout: 1_000, tries: 2 })
  if (servers) resolver.setServers(servers)
  const canonicalName = await followAliases(resolver, host)
  const addresses = servers ? await addressesOf(resolver, canonicalName ?? host) : await systemAddressesOf(host)
  const reverse = new Map<string, readonly string[]>()
  await Promise.all(
    addresses.map(async (address) => reverse.set(address, await absentAsNone(resolver.reverse(address)))),
  )
  return { addresses, reverse, ...(canonicalName !== undefined && { canonicalName }) }
}

/** Whether the text is an address and no name: `10.0.0.1`, `[fe80::1]`. */
export function isAddress(host: string): boolean {
  return isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0
}

async function followAliases(resolver: dns.Resolver, host: string): Promise<string | undefined> {
  let name = host
  for (let steps = 0; steps < MAX_ALIASES; steps += 1) {
    const [next] = await absentAsNone(resolver.resolveCname(name))
    if (next === undefined) break
    name = next
  }
  return name === host ? undefined : name
}

async function addressesOf(resolver: dns.Resolver, host: string): Promise<readonly string[]> {
  const both = await Promise.all([absentAsNone(resolver.resolve4(host)), absentAsNone(resolver.resolve6(host))])
  return both.flat()
}

async function systemAddressesOf(host: string): Promise<readonly string[]> {
  const found = await absentAsNone(dns.lookup(host, { all: true, verbatim: true }))
  return [...new Set(found.map(({ address }) => address))]
}

/** A name without such a record is an answer; a server that does not answer is not. */
async function absentAsNone<T>(question: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await question
  } catch (error) {
    if (error instanceof Error && 'code' in error && ABSENT.has(String(error.code))) return []
    throw error
  }
}

/**
 * The last three: no resolver is configured or reachable, which an app with a hosts file does not
 * need.
 */
const ABSENT = new Set(['ENOTFOUND', 'ENODATA', 'EAI_AGAIN', 'EAI_NODATA', 'ECONNREFUSED', 'ETIMEOUT', 'EREFUSED'])
