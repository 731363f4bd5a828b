import type { GatewaySettings, SignInSettings, SiteSettings } from './gateway-options.js'
import type { Problem } from './problem.js'
import { sharedSignInKey } from './shared-sign-in.js'

const WITH_PAGES: readonly SignInSettings['name'][] = ['form', 'passcode', 'oidc']

/** The ways to sign in of a site: its own, or those of the gateway. */
export function waysOf({ signIn }: Pick<GatewaySettings, 'signIn'>, site: SiteSettings): readonly SignInSettings[] {
  return site.signIn.length > 0 ? site.signIn : signIn
}

/** Whether one of the ways has pages at the path of the gateway itself. */
export function hasPages(ways: readonly SignInSettings[]): boolean {
  return ways.some(({ name }) => WITH_PAGES.includes(name))
}

/** The same, also for a source of a program, of which nothing is known. */
export function mayHavePages(ways: readonly SignInSettings[]): boolean {
  return hasPages(ways) || ways.some(({ name }) => name === 'source')
}

/**
 * The pages to sign in are one set for a host. What a user of another site of the host gets there
 * would not count at that site, and the user would be asked again and again.
 */
export function onePageForHost(settings: GatewaySettings): Problem[] {
  const first = new Map<string, { readonly index: number; readonly ways: string }>()
  return settings.sites.flatMap((site, index) => {
    const own = waysOf(settings, site)
    if (!hasPages(own)) return []
    const ways = sharedSignInKey(own, site)
    return site.hosts.flatMap((host) => {
      const earlier = first.get(host.toLowerCase())
      if (earlier === undefined) first.set(host.toLowerCase(), { index, ways })
      if (earlier === undefined || earlier.ways === ways) return []
      return [
        {
          path: ['sites', index],
          message: `has a page to sign in, as sites[${earlier.index}] of the host ${host} has, but other ways or origins: give both the same, or one of them a host of its own`,
        },
      ]
    })
  })
}
