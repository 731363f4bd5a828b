import { resolveCname } from 'node:dns/promises'
import { configuredHostNames } from '@s4u/kdc-client'
import type { NamedService } from './service-name.js'

/** The number of aliases that resolvers follow. */
const MAX_ALIASES = 8

/**
 * Returns a service by the name of its host that krb5.conf asks for: `qualify_shortname` completes
 * a name of one label, and `dns_canonicalize_hostname = true` follows aliases. DNS is not protected
 * and would choose the service, so it is not asked unless the file says so.
 */
export async function withCanonicalHost(service: NamedService, krb5Config?: string): Promise<NamedService> {
  const { host, isHostBased } = service
  if (host === undefined || !isHostBased) return service
  const { canonicalName = false, qualifyShortName } = configuredHostNames(krb5Config ?? process.env['KRB5_CONFIG'])
  const canonical = canonicalName ? await followAliases(host) : host
  return {
    ...service,
    host: canonical.includes('.') || !qualifyShortName ? canonical : `${canonical}.${qualifyShortName}`,
  }
}

/** Returns the end of the chain; the host itself where DNS has no alias or does not answer. */
async function followAliases(host: string): Promise<string> {
  let name = host
  for (let count = 0; count < MAX_ALIASES; count++) {
    const [next] = await resolveCname(name).catch(() => [])
    if (next === undefined) return name
    name = next.toLowerCase().replace(/\.$/, '')
  }
  return name
}
