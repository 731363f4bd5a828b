import type { SiteSettings } from '../configuration/gateway-options.js'

/** Finds the site of a host and a path. */
export interface SiteTable {
  /** Of the exact host, else of its wildcard; of those the site with the longest path that fits. */
  find(host: string, path: string): SiteSettings | undefined
  /** Whether there is a site of this host. */
  knows(host: string): boolean
}

export function createSiteTable(sites: readonly SiteSettings[]): SiteTable {
  const byHost = new Map<string, { readonly beginning: string; readonly site: SiteSettings }[]>()
  for (const site of sites)
    for (const host of site.hosts)
      for (const beginning of site.paths.length === 0 ? ['/'] : site.paths)
        byHost.set(host.toLowerCase(), [...(byHost.get(host.toLowerCase()) ?? []), { beginning, site }])
  for (const entries of byHost.values()) entries.sort((one, other) => other.beginning.length - one.beginning.length)
  const among = (host: string, path: string): SiteSettings | undefined =>
    byHost.get(host)?.find(({ beginning }) => isBelow(path, beginning))?.site
  return {
    find: (host, path) => among(host, path) ?? among(wildcardOf(host), path),
    knows: (host) => byHost.has(host) || byHost.has(wildcardOf(host)),
  }
}

/** `*.example.com` is every name one label below, as in certificates. */
function wildcardOf(host: string): string {
  return `*${host.slice(host.indexOf('.'))}`
}

/** `/admin` is above `/admin` and `/admin/x`, and not above `/administrators`. */
export function isBelow(path: string, beginning: string): boolean {
  if (!path.startsWith(beginning)) return false
  return beginning.endsWith('/') || path.length === beginning.length || path[beginning.length] === '/'
}
