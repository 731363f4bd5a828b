import type { SiteSettings } from '../configuration/gateway-options.js'

/** The services that the sites of a gateway name: no other is called in the name of a user. */
export function allowedTargets(sites: readonly SiteSettings[]): readonly string[] {
  return [...new Set(sites.flatMap(targetsOf))]
}

function targetsOf({ delegation, to }: SiteSettings): readonly string[] {
  if (delegation.as !== 'kerberos') return []
  const { service } = delegation
  if (service !== undefined && !service.endsWith('/*')) return [service]
  const serviceClass = service === undefined ? 'HTTP' : service.slice(0, -'/*'.length)
  return to.map(({ hostname }) => `${serviceClass}/${hostname}`)
}
