import type { SignInSettings, SiteSettings } from '../configuration/gateway-options.js'
import { mayHavePages } from '../configuration/sign-in-pages.js'
import { badRequest } from '../requests/refusals.js'
import { looseReading, requireOneReading } from '../requests/request-target.js'

/** Finds the site of a host and a path. */
export interface SiteTable {
  /**
   * Of the exact host, else of its wildcard; of those the site with the longest path that fits.
   * @throws MalformedTokenError S4U_BAD_REQUEST where servers could read the path as one of another
   * site of the host
   */
  find(host: string, path: string): SiteSettings | undefined
  /**
   * The site whose ways to sign in answer at the path of the gateway itself. It is that of the
   * path, where it has ways with pages; else the first of the host that has; else any of the host.
   */
  findForOwnPath(host: string, path: string): SiteSettings | undefined
  /** Whether there is a site of this host. */
  knows(host: string): boolean
}

/** @param waysOf the ways to sign in of a site, or those of the gateway where it names none */
export function createSiteTable(
  sites: readonly SiteSettings[],
  waysOf: (site: SiteSettings) => readonly SignInSettings[],
): SiteTable {
  const byHost = new Map<string, { readonly beginning: string; readonly site: SiteSettings }[]>()
  const inOrder = (host: string): SiteSettings[] =>
    [host, wildcardOf(host)].flatMap((name) =>
      sites.filter(({ hosts }) => hosts.some((one) => one.toLowerCase() === name)),
    )
  for (const site of sites)
    for (const host of site.hosts)
      for (const beginning of site.paths.length === 0 ? ['/'] : site.paths)
        byHost.set(host.toLowerCase(), [...(byHost.get(host.toLowerCase()) ?? []), { beginning, site }])
  for (const entries of byHost.values()) entries.sort((one, other) => other.beginning.length - one.beginning.length)
  const among = (host: string, path: string): SiteSettings | undefined =>
    byHost.get(host)?.find(({ beginning }) => isBelow(path, beginning))?.site
  const find = (host: string, path: string) => among(host, path) ?? among(wildcardOf(host), path)
  const divided = new Map<string, boolean>()
  const isDivided = (host: string): boolean => {
    const known = divided.get(host)
    if (known !== undefined) return known
    const verdict = new Set(inOrder(host)).size > 1
    // Clients choose the names below a wildcard.
    if (divided.size < MAX_DIVIDED) divided.set(host, verdict)
    return verdict
  }
  const looselyAmong = (host: string, path: string): SiteSettings | undefined =>
    byHost.get(host)?.find(({ beginning }) => isBelow(path, looseReading(beginning)))?.site
  return {
    find(host, path) {
      const site = find(host, path)
      if (site === undefined || !isDivided(host)) return site
      requireOneReading(path)
      const loosely = looseReading(path)
      const other = looselyAmong(host, loosely) ?? looselyAmong(wildcardOf(host), loosely)
      if (other !== site) throw badRequest('target', 'a path of one site', 'one that may be of two')
      return site
    },
    findForOwnPath(host, path) {
      const ofPath = find(host, path)
      const candidates = [...(ofPath === undefined ? [] : [ofPath]), ...inOrder(host)]
      return candidates.find((site) => mayHavePages(waysOf(site))) ?? candidates[0]
    },
    knows: (host) => byHost.has(host) || byHost.has(wildcardOf(host)),
  }
}

/**
 * The hosts of which it is kept whether they have several sites; others are looked up each time.
 */
const MAX_DIVIDED = 1_000

/** `*.example.com` is every name one label below, as in certificates. */
function wildcardOf(host: string): string {
  return `*${host.slice(host.indexOf('.'))}`
}

/** `/admin` is above `/admin` and `/admin/x`, and not above `/administrators`. */
export function isBelow(path: string, beginning: string): boolean {
  if (!path.startsWith(beginning)) return false
  return beginning.endsWith('/') || path.length === beginning.length || path[beginning.length] === '/'
}
