import type { GatewaySettings, SiteSettings } from '../configuration/gateway-options.js'
import { createDelegation } from '../delegation/create-delegation.js'
import { schemesOfGateway } from '../delegation/schemes-of-gateway.js'
import type { TypedPasswords } from '../delegation/typed-passwords.js'
import type { SiteDelegation } from '../delegation/site-delegation.js'
import { createFarm } from '../farm/create-farm.js'
import type { Farm } from '../farm/farm.js'
import type { Operation } from '../operation/operation.js'
import { ownCookies } from '../proxying/own-cookies.js'
import { createPools, type Pools } from '../proxying/pools.js'
import { prepareRules } from '../sites/rules.js'

/** What runs of one site. */
export interface RunningSite {
  readonly farm: Farm
  readonly delegation: SiteDelegation
  readonly pools: Pools
  readonly isOwnCookie: (name: string) => boolean
  close(): void
}

export interface RunningSiteDeps {
  readonly operation: Operation
  readonly passwords?: TypedPasswords | undefined
  readonly now: () => number
}

/** @throws ConfigurationError */
export function startSite(site: SiteSettings, settings: GatewaySettings, deps: RunningSiteDeps): RunningSite {
  prepareRules(site)
  const farm = createFarm(site, deps)
  const pools = createPools(site)
  return {
    farm,
    pools,
    delegation: createDelegation(site, { ...deps, schemesOfGateway: schemesOfGateway(settings, site) }),
    isOwnCookie: ownCookies(settings.session, site),
    close() {
      farm.close()
      pools.close()
    },
  }
}
