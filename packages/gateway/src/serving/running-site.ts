import type { GatewaySettings, SiteSettings } from '../configuration/gateway-options.js'
import { createDelegation } from '../delegation/create-delegation.js'
import { schemesOfGateway } from '../delegation/schemes-of-gateway.js'
import type { TypedPasswords } from '../delegation/typed-passwords.js'
import type { SiteDelegation } from '../delegation/site-delegation.js'
import { userHeadersWith, type UserHeadersOf } from '../delegation/user-headers.js'
import { createFarm } from '../farm/create-farm.js'
import type { Farm } from '../farm/farm.js'
import type { Operation } from '../operation/operation.js'
import { ownCookies } from '../proxying/own-cookies.js'
import { createPools, type Pools } from '../proxying/pools.js'
import { InnerServerError } from '../requests/inner-server-error.js'
import { nameOfSite } from '../requests/name-of-site.js'
import type { CallerRequest } from '../requests/steps.js'
import { prepareRules } from '../sites/rules.js'

/** What runs of one site. */
export interface RunningSite {
  readonly farm: Farm
  readonly delegation: SiteDelegation
  readonly userHeaders: UserHeadersOf
  readonly pools: Pools
  readonly isOwnCookie: (name: string) => boolean
  /** Told where an inner server sets such a cookie. */
  readonly onOwnCookie: (request: CallerRequest) => void
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
  const userHeaders = userHeadersWith(settings.kerberos.directory)
  return {
    farm,
    pools,
    userHeaders,
    delegation: createDelegation(site, { ...deps, userHeaders, schemesOfGateway: schemesOfGateway(settings, site) }),
    isOwnCookie: ownCookies(settings.session, site),
    onOwnCookie: (request) => deps.operation.alert(ownCookie(request), request),
    close() {
      farm.close()
      pools.close()
    },
  }
}

function ownCookie({ site }: CallerRequest): InnerServerError {
  return new InnerServerError(`an inner server of ${nameOfSite(site)} sets a cookie with a name of the gateway`, {
    code: 'S4U_INNER_COOKIE',
    hint: 'The cookie was not passed on. Give the one of that server another name, or the gateway: session.name, farm.cookie.',
  })
}
