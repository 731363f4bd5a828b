import { ConfigurationError, withoutHostBasedForm } from '@s4u/kdc-client'
import { domainToASCII } from 'node:url'

/** Options that decide the service principal name for a URL. */
export interface ServiceNameOptions {
  /**
   * The service principal names of hosts where the name is not `HTTP/` and the host. A key may have
   * a port, or be `*.farm.ad.test` or `*`; the most exact one counts. `*` in a name is the host of
   * the URL. Default: none. Example: `{ 'www.ad.test': 'HTTP/farm.ad.test', '*.farm.ad.test':
   * 'HTTP/*' }`.
   */
  readonly serviceNames?: Readonly<Record<string, string>>
  /**
   * Whether a port other than 80 and 443 becomes a part of the name, as in `HTTP/web.ad.test:8080`.
   * Browsers leave it out. Default: `false`.
   */
  readonly includePort?: boolean
  /**
   * Whether the name is made of the end of the host's CNAME chain. A function looks that up itself.
   * DNS is not protected: a forged answer would choose the service that the ticket is for. Default:
   * `false`, or `true` if krb5.conf has `dns_canonicalize_hostname = true`.
   */
  readonly canonicalName?: boolean | ((host: string) => Promise<string>)
  /**
   * The domain that is added to a host of one label, since directories know full names. Default:
   * `qualify_shortname` of krb5.conf, else none. Example: `'corp.test'`, with which `http://api/`
   * is `HTTP/api.corp.test`.
   */
  readonly qualifyShortName?: string
}

/**
 * Returns the service principal name for a URL: `HTTP/api.ad.test` for
 * `https://API.ad.test./orders`. DNS is not asked. Returns undefined for an IP address, which has
 * no service principal name unless `serviceNames` gives it one. Source: RFC 4559 section 4.
 *
 * @example
 * ```ts
 * import { serviceNameOf } from '@s4u/fetch'
 *
 * console.log(serviceNameOf(new URL('https://api.ad.test/orders'))) // HTTP/api.ad.test
 * ```
 */
export function serviceNameOf(url: URL, options: ServiceNameOptions = {}): string | undefined {
  if (!(url instanceof URL))
    throw new ConfigurationError('serviceNameOf takes a URL', {
      hint: "Write serviceNameOf(new URL('https://api.ad.test')).",
    })
  return serviceNameOfHost(hostOf(url), url.port, options)
}

/**
 * Returns the service principal name for a host that does not come from a URL, such as the end of a
 * CNAME chain.
 */
export function serviceNameOfHost(
  host: string,
  port: string,
  { serviceNames = {}, includePort = false, qualifyShortName = '' }: ServiceNameOptions,
): string | undefined {
  const named = findName(serviceNames, host, port)
  if (named !== undefined) return withHost(named, host)
  if (host === '' || isIpAddress(host)) return undefined
  const full = qualified(host, qualifyShortName)
  return includePort && port !== '' ? `HTTP/${full}:${port}` : `HTTP/${full}`
}

/**
 * Returns a service principal name that was given for a URL, with the host of the URL in place of
 * `*`; undefined where that host is an address, which has no name.
 */
export function serviceNameAs(named: string, url: URL): string | undefined {
  const host = hostOf(url)
  return named.includes('*') && isIpAddress(host) ? undefined : withHost(named, host)
}

function withHost(named: string, host: string): string {
  return withoutHostBasedForm(named.replace('*', () => host))
}

/**
 * Adds the domain to a short name, but not to `localhost`, which has another name everywhere else.
 */
function qualified(host: string, domain: string): string {
  const isShort = domain !== '' && !host.includes('.') && host !== 'localhost'
  return isShort ? `${host}.${domain.replace(/^\./, '')}` : host
}

/** Returns the host without the dot at its end, which only says that DNS adds no suffix. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, '')
}

/**
 * Returns whether a host is an IP address. The URL parser has written IPv4 as four decimal numbers
 * and IPv6 in brackets.
 */
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
 * The tables of frozen names. The author of a URL chooses how many candidates there are, and each
 * candidate would read all names.
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

/**
 * Returns the keys to look for, the most exact first: with the port, without it, then the wildcards
 * from the longest to `*`.
 */
function candidatesFor(host: string, port: string): string[] {
  const wildcards = isIpAddress(host)
    ? []
    : host.split('.').map((_, index, labels) => ['*', ...labels.slice(index + 1)].join('.'))
  return [...(port === '' ? [] : [`${host}:${port}`]), host, ...wildcards, '*']
}

/**
 * Returns a key as the URL parser writes hosts: people write `Bücher.ad.test.`, the parser
 * `xn--bcher-kva.ad.test`.
 */
function normalized(key: string): string {
  const [, host, port = ''] = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(key) ?? []
  if (host === undefined) return key
  const bare = host.replace(/\.$/, '')
  const [, star, rest] = /^(\*\.)?(.*)$/.exec(bare) ?? []
  return (star ?? '') + (isIpAddress(rest) || rest === '*' ? rest : domainToASCII(rest)) + port
}
