import { ConfigurationError, withoutHostBasedForm } from '@s4u/kdc-client'
import { domainToASCII } from 'node:url'

/**
 * A fetch-like function knows URLs, Kerberos knows service principal names: how one becomes the
 * other.
 */
export interface ServiceNameOptions {
  /**
   * Names for hosts whose SPN is not the obvious one: `{ 'www.ad.test': 'HTTP/farm.ad.test' }`. A
   * key may carry a port, or be `*.farm.ad.test` or `*`; the most exact one counts. `*` in a name
   * stands for the host that was asked: `HTTP/*`.
   */
  readonly serviceNames?: Readonly<Record<string, string>>
  /**
   * Whether a port other than 80 and 443 becomes part of the name, as in `HTTP/web.ad.test:8080`.
   * Browsers leave it out.
   */
  readonly includePort?: boolean
  /**
   * Whether the name is made of the end of the host's CNAME chain. Off by default: DNS is not
   * protected, and a forged answer would choose the service that the ticket is for, unless
   * krb5.conf says dns_canonicalize_hostname = true. A function looks it up itself.
   */
  readonly canonicalName?: boolean | ((host: string) => Promise<string>)
  /**
   * The domain that is put behind a host of one label, since directories know full names: with
   * `'corp.test'`, `http://api/` is `HTTP/api.corp.test`. Default: qualify_shortname of krb5.conf,
   * else none.
   */
  readonly qualifyShortName?: string
}

/**
 * `HTTP/api.ad.test` for `https://API.ad.test./orders`. No DNS is asked. Undefined for IP
 * addresses, which have no service principal name unless `serviceNames` gives them one.
 * Source: RFC 4559 section 4.
 */
export function serviceNameOf(url: URL, options: ServiceNameOptions = {}): string | undefined {
  if (!(url instanceof URL))
    throw new ConfigurationError('serviceNameOf takes a URL', {
      hint: "Write serviceNameOf(new URL('https://api.ad.test')).",
    })
  return serviceNameOfHost(hostOf(url), url.port, options)
}

/** The same for a host that came from elsewhere, such as the end of a CNAME chain. */
export function serviceNameOfHost(
  host: string,
  port: string,
  { serviceNames = {}, includePort = false, qualifyShortName = '' }: ServiceNameOptions,
): string | undefined {
  const named = findName(serviceNames, host, port)
  if (named !== undefined) return withoutHostBasedForm(named.replace('*', () => host))
  if (host === '' || isIpAddress(host)) return undefined
  const full = qualified(host, qualifyShortName)
  return includePort && port !== '' ? `HTTP/${full}:${port}` : `HTTP/${full}`
}

/** This machine itself is called otherwise by everybody else. */
function qualified(host: string, domain: string): string {
  const isShort = domain !== '' && !host.includes('.') && host !== 'localhost'
  return isShort ? `${host}.${domain.replace(/^\./, '')}` : host
}

/**
 * The host as names have it: no dot at the end, which only says that DNS suffixes are not to be
 * tried.
 */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, '')
}

/** The URL parser has already brought IPv4 into four decimal parts and IPv6 into brackets. */
export function isIpAddress(host: string): boolean {
  return host.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)
}

function findName(names: Readonly<Record<string, string>>, host: string, port: string): string | undefined {
  const table = tableOf(names)
  if (table.size === 0) return undefined
  for (const candidate of candidatesFor(host, port)) {
    const name = table.get(candidate)
    if (name !== undefined) return name
  }
  return undefined
}

/**
 * Of names that cannot change any more. Whoever chooses the URL chooses how many candidates there
 * are, and each would read all names.
 */
const tables = new WeakMap<object, ReadonlyMap<string, string>>()

function tableOf(names: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const known = tables.get(names)
  if (known !== undefined) return known
  const table = new Map<string, string>()
  for (const [key, name] of Object.entries(names))
    for (const spelling of [key, normalized(key)]) if (!table.has(spelling)) table.set(spelling, name)
  if (Object.isFrozen(names)) tables.set(names, table)
  return table
}

/** Most exact first: with the port, without, then the wildcards from the longest to `*`. */
function candidatesFor(host: string, port: string): string[] {
  const wildcards = isIpAddress(host)
    ? []
    : host.split('.').map((_, index, labels) => ['*', ...labels.slice(index + 1)].join('.'))
  return [...(port === '' ? [] : [`${host}:${port}`]), host, ...wildcards, '*']
}

/** People write `Bücher.ad.test.`; the URL parser has made `xn--bcher-kva.ad.test` of it. */
function normalized(key: string): string {
  const [, host, port = ''] = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(key) ?? []
  if (host === undefined) return key
  const bare = host.replace(/\.$/, '')
  const [, star, rest] = /^(\*\.)?(.*)$/.exec(bare) ?? []
  return (star ?? '') + (isIpAddress(rest) || rest === '*' ? rest : domainToASCII(rest)) + port
}
