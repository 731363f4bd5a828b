import { asciiLower } from '@s4u/krb5'
import { type DnsSource } from '@s4u/kdc-client'
import { promises as dns } from 'node:dns'
import { isIPv6 } from 'node:net'
import type { DirectoryServer } from '../interface/directory-options.js'
import { pingController } from './netlogon-ping.js'
import type { Role } from './controller.js'

/** What is asked of DNS. */
export type ControllerDns = Pick<DnsSource, 'resolveSrv' | 'lookup'>

/**
 * How long a name server may take, in milliseconds, and how often it is asked: a caller waits
 * while several name servers are tried.
 */
const PATIENCE = { timeout: 1_000, tries: 2 }

export const systemDns: ControllerDns = {
  async resolveSrv(name, signal) {
    signal?.throwIfAborted()
    const resolver = new dns.Resolver(PATIENCE)
    const cancel = (): void => resolver.cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      return await resolver.resolveSrv(name)
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  },
}

/** The addresses of a host. */
export async function addressesOf(host: string, source: ControllerDns): Promise<readonly string[]> {
  if (source.lookup !== undefined) return source.lookup(host)
  const found = await dns.lookup(host, { all: true })
  return found.map(({ address }) => address)
}

export interface ControllerQuery {
  /** The domain, or for the global catalogue the root of the forest. */
  readonly domain: string
  readonly role: Role
  readonly site: string | undefined
  readonly source: ControllerDns
  readonly signal: AbortSignal
  /** Whether the ports of the records count: they are those without TLS. */
  readonly usesRecordPort: boolean
}

/**
 * The number of controllers that are kept. To try more would take longer than any caller waits.
 */
const MAX_CONTROLLERS = 20

/**
 * Returns the controllers that DNS names, those of the nearest site first. The site is that of the
 * options. Without it, a controller is asked in which site this machine is.
 */
export async function locateControllers(query: ControllerQuery): Promise<readonly DirectoryServer[]> {
  const { site } = query
  if (site !== undefined) return findControllers(query)
  const all = await findControllers(query)
  const near = all.length < 2 ? undefined : await siteByPing(all, query)
  return near === undefined ? all : findControllers({ ...query, site: near })
}

/**
 * The number of controllers that are asked for the site. One answer is enough; without an answer
 * the site stays unknown.
 */
const MAX_PINGED = 3

/** The form of a DNS label. The site becomes part of a name that DNS is asked for. */
const SITE = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/

async function siteByPing(
  servers: readonly DirectoryServer[],
  { domain, source, signal }: ControllerQuery,
): Promise<string | undefined> {
  const sites = servers.slice(0, MAX_PINGED).map(async ({ host }) => {
    const [address] = await addressesOf(host, source)
    if (address === undefined) throw new Error('no address')
    const answer = await pingController({ address, family: isIPv6(address) ? 'udp6' : 'udp4', domain }, signal)
    if (answer?.clientSite === undefined || !SITE.test(answer.clientSite)) throw new Error('no site')
    return answer.clientSite
  })
  return Promise.any(sites).catch(() => undefined)
}

/**
 * Returns the controllers that DNS names, those of the site first. Answers of DNS are not signed,
 * so the service name has the domain as its third part (`ldap/dc1.corp.test/corp.test`). A
 * directory gives such names only to controllers: another computer of the domain cannot pose as a
 * controller. MS-ADTS section 6.3.2.3, 2.2.21.
 */
async function findControllers(query: ControllerQuery): Promise<readonly DirectoryServer[]> {
  const names = recordNames(query)
  const found = new Map<string, DirectoryServer>()
  let failure: unknown
  for (const name of names) {
    try {
      for (const record of await inOrder(name, query)) found.set(record.host, found.get(record.host) ?? record)
    } catch (error) {
      query.signal.throwIfAborted()
      failure = isAbsence(error) ? failure : error
    }
  }
  if (found.size === 0 && failure !== undefined) throw failure
  return [...found.values()].slice(0, MAX_CONTROLLERS)
}

function recordNames({ domain, role, site }: ControllerQuery): readonly string[] {
  const kind = role === 'domain' ? 'dc' : 'gc'
  const near = site === undefined ? [] : [`_ldap._tcp.${site}._sites.${kind}._msdcs.${domain}`]
  return [...near, `_ldap._tcp.${kind}._msdcs.${domain}`]
}

/** A host name, and nothing that would be another part of a service name. */
const HOST =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/

async function inOrder(name: string, query: ControllerQuery): Promise<DirectoryServer[]> {
  const { source, signal, role, domain } = query
  const records = await source.resolveSrv(name, signal)
  return [...records]
    .map((record) => ({
      ...record,
      name: asciiLower(record.name.replace(/\.$/, '')),
      draw: Math.random() ** (1 / (record.weight + 1)),
    }))
    .filter((record) => HOST.test(record.name) && record.port > 0 && record.port <= 65_535)
    .sort((a, b) => a.priority - b.priority || b.draw - a.draw)
    .map((record) => ({
      host: record.name,
      // The port of a record is that without TLS.
      ...(role === 'domain' && query.usesRecordPort && { port: record.port }),
      service: `${role === 'domain' ? 'ldap' : 'GC'}/${record.name}/${domain}`,
    }))
}

/**
 * Returns whether DNS says that the name or the record does not exist. After other errors, such as
 * a timeout, it may exist.
 */
function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')
}
