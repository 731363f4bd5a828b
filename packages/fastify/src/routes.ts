import { delegatedByGate, groupGate, identityGate, impersonationGate, type ImpersonationOption } from '@s4u/negotiate'
import { gated, type RouteHook } from './gated.js'

/**
 * Returns a hook that says how a route impersonates. `required` runs its handlers as the
 * caller, so that the `fetch` of `@s4u/fetch` acts as the caller, and refuses callers who cannot be
 * impersonated. `allowed` does so under `impersonateCallerForAllOperations`. `notAllowed` never
 * does. Where a process has several negotiators, use `config: { negotiate: { impersonation } }`.
 *
 * ```ts
 * import { impersonation, negotiate } from '@s4u/fastify'
 * import { fetch } from '@s4u/fetch'
 * import Fastify from 'fastify'
 *
 * const app = Fastify()
 * await app.register(negotiate, { keytab: 'web.keytab' })
 * app.get('/report', { preHandler: impersonation('required') }, async () => {
 *   const report = await fetch('https://api.ad.test/report')
 *   return report.text()
 * })
 * ```
 *
 * @throws ConfigurationError at once for `notAllowed` together with
 * `impersonateCallerForAllOperations`
 */
export function impersonation(option: ImpersonationOption): RouteHook {
  return gated(impersonationGate(option))
}

/**
 * Returns a hook that lets members of at least one of the groups pass; other callers get 403,
 * and so does a caller whose groups are not known. Of a user of another realm only the groups count
 * that this realm may give: see `domainSids`.
 *
 * ```ts
 * import { requireGroup } from '@s4u/fastify'
 * import Fastify from 'fastify'
 *
 * Fastify().addHook('onRequest', requireGroup(['S-1-5-21-1004336348-1177238915-682003330-1110']))
 * ```
 *
 * @param groups SIDs, or `CORP\Sales` where the negotiator has the option `directory`
 * @throws ConfigurationError at once for what is neither
 */
export function requireGroup(groups: string | readonly string[]): RouteHook {
  return gated(groupGate(groups))
}

/**
 * Returns a hook that lets callers pass who came through these services and no others. A user
 * of another realm does not pass, since that realm's KDC can make up the list of services.
 *
 * ```ts
 * import { requireDelegatedBy } from '@s4u/fastify'
 * import Fastify from 'fastify'
 *
 * Fastify().addHook('onRequest', requireDelegatedBy(['HTTP/web.ad.test', 'svc-web']))
 * ```
 *
 * @throws ConfigurationError at once for an empty list
 */
export function requireDelegatedBy(services: readonly string[]): RouteHook {
  return gated(delegatedByGate(services))
}

/**
 * Returns a hook that lets known callers pass and asks others to authenticate: for single
 * routes behind `mode: 'optional'`.
 *
 * @example
 * ```ts
 * import { negotiate, requireIdentity } from '@s4u/fastify'
 * import Fastify from 'fastify'
 *
 * const app = Fastify()
 * await app.register(negotiate, { keytab: 'web.keytab', mode: 'optional' })
 * app.get('/', async () => 'Hello')
 * app.get('/orders', { onRequest: requireIdentity() }, async (request) => request.identity.name)
 * ```
 */
export function requireIdentity(): RouteHook {
  return gated(identityGate())
}
