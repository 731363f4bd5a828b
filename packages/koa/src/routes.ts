import { delegatedByGate, groupGate, identityGate, impersonationGate, type ImpersonationOption } from '@s4u/negotiate'
import type { Middleware } from 'koa'
import { gated } from './gated.js'

/**
 * Returns a middleware that says how a route impersonates. `required` runs its handlers as the
 * caller, so that the `fetch` of `@s4u/fetch` acts as the caller, and refuses callers who cannot be
 * impersonated. `allowed` does so under `impersonateCallerForAllOperations`. `notAllowed` never
 * does. Where a process has several negotiators, use `impersonation()` of the middleware.
 *
 * ```ts
 * import { impersonation, negotiate } from '@s4u/koa'
 * import Koa from 'koa'
 *
 * const app = new Koa()
 * app.use(negotiate({ keytab: 'api.keytab' }))
 * app.use(impersonation('required'))
 * ```
 *
 * @throws ConfigurationError at once for `notAllowed` together with
 * `impersonateCallerForAllOperations`
 */
export function impersonation(option: ImpersonationOption): Middleware {
  return gated(impersonationGate(option))
}

/**
 * Returns a middleware that lets members of at least one of the groups pass; other callers get 403,
 * and so does a caller whose groups are not known. Of a user of another realm only the groups count
 * that this realm may give: see `domainSids`.
 *
 * ```ts
 * import { requireGroup } from '@s4u/koa'
 * import Koa from 'koa'
 *
 * new Koa().use(requireGroup(['S-1-5-21-1004336348-1177238915-682003330-1110']))
 * ```
 *
 * @param groups SIDs, or `CORP\Sales` where the negotiator has the option `directory`
 * @throws ConfigurationError at once for what is neither
 */
export function requireGroup(groups: string | readonly string[]): Middleware
/** @deprecated Since 0.2: give the groups as a list. */
export function requireGroup(...groups: readonly string[]): Middleware
export function requireGroup(...groups: readonly (string | readonly string[])[]): Middleware {
  return gated(groupGate(groups.flat()))
}

/**
 * Returns a middleware that lets callers pass who came through these services and no others. A user
 * of another realm does not pass, since that realm's KDC can make up the list of services.
 *
 * ```ts
 * import { requireDelegatedBy } from '@s4u/koa'
 * import Koa from 'koa'
 *
 * new Koa().use(requireDelegatedBy(['HTTP/web.ad.test', 'svc-web']))
 * ```
 *
 * @throws ConfigurationError at once for an empty list
 */
export function requireDelegatedBy(services: readonly string[]): Middleware {
  return gated(delegatedByGate(services))
}

/**
 * Returns a middleware that lets known callers pass and asks others to authenticate: for single
 * routes behind `mode: 'optional'`.
 *
 * @example
 * ```ts
 * import { negotiate, requireIdentity } from '@s4u/koa'
 * import Koa from 'koa'
 *
 * const app = new Koa()
 * app.use(negotiate({ keytab: 'web.keytab', mode: 'optional' }))
 * app.use(requireIdentity())
 * app.use((ctx) => void (ctx.body = ctx.identity.name))
 * ```
 */
export function requireIdentity(): Middleware {
  return gated(identityGate())
}
