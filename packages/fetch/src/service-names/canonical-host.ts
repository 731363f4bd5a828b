import { resolveCname } from 'node:dns/promises'
import { requireHost } from '../given-values.js'
import { hostOf, isIpAddress, type ServiceNameOptions, serviceNameOf, serviceNameOfHost } from './service-name.js'

/** The number of aliases that resolvers follow. */
const MAX_ALIASES = 8

/**
 * Returns the service principal name for a URL, made of the end of the CNAME chain where the app
 * asked for that. A name of the app's own list needs no DNS.
 */
export async function findServiceName(url: URL, options: ServiceNameOptions): Promise<string | undefined> {
  const { canonicalName = false, serviceNames } = options
  const direct = serviceNameOf(url, options)
  const host = hostOf(url)
  if (canonicalName === false || direct === undefined || isIpAddress(host)) return direct
  if (serviceNames !== undefined && direct !== serviceNameOf(url, { ...options, serviceNames: {} })) return direct
  const canonical =
    typeof canonicalName === 'function' ? requireHost(await canonicalName(host)) : await followAliases(host)
  return serviceNameOfHost(
    canonical.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/\.$/, ''),
    url.port,
    options,
  )
}

/**
 * Returns the end of the chain; the host itself where there is no alias, or where DNS does not
 * answer.
 */
async function followAliases(host: string): Promise<string> {
  let name = host
  for (let count = 0; count < MAX_ALIASES; count++) {
    const [next] = await resolveCname(name).catch(() => [])
    if (next === undefined) return name
    name = next
  }
  return name
}
