/** A fetch-like function knows URLs, Kerberos knows service principal names: how one becomes the other. */
export interface ServiceNameOptions {
  /** Names for single hosts, where the SPN is not the obvious one: `{ 'www.ad.test': 'HTTP/farm.ad.test' }`. Keys may carry a port. */
  readonly serviceNames?: Readonly<Record<string, string>>
  /** Whether a port other than 80 and 443 becomes part of the name, as in `HTTP/web.ad.test:8080`. Browsers leave it out. */
  readonly includePort?: boolean
}

/**
 * `HTTP/api.ad.test` for `https://API.ad.test./orders`. No DNS is asked: a forged answer would choose the service that the ticket is for.
 * Undefined for IP addresses, which have no service principal name unless `serviceNames` gives them one.
 * Source: RFC 4559 section 4.
 */
export function serviceNameOf(
  url: URL,
  { serviceNames = {}, includePort = false }: ServiceNameOptions = {},
): string | undefined {
  const host = url.hostname.replace(/\.$/, '')
  const named = serviceNames[url.host] ?? serviceNames[host]
  if (named !== undefined) return named
  if (host === '' || isIpAddress(host)) return undefined
  return includePort && url.port !== '' ? `HTTP/${host}:${url.port}` : `HTTP/${host}`
}

/** The URL parser has already brought IPv4 into four decimal parts and IPv6 into brackets. */
function isIpAddress(host: string): boolean {
  return host.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)
}
