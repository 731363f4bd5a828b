import { delegatedByGate, groupGate, identityGate, impersonationGate, type ImpersonationOption } from '@s4u/negotiate'
import type { RequestHandler } from 'express'
import { gated } from './gated.js'

/**
 * Returns a middleware that says how a route impersonates. `required` runs its handlers as the
 * caller, so that the `fetch` of `@s4u/fetch` acts as the caller, and refuses callers who cannot be
 * impersonated. `allowed` does so under `impersonateCallerForAllOperations`. `notAllowed` never
 * does. Where a process has several negotiators, use `impersonation()` of the middleware.
 *
 * ```ts
 * import { negotiate } from '@s4u/express'
 * import { fetch } from '@s4u/fetch'
 * import express from 'express'
 *
 * const app = express()
 * const kerberos = negotiate({ keytab: 'web.keytab' })
 * app.use(kerberos)
 * app.get('/report', kerberos.impersonation('required'), async (_req, res) => {
 *   const report = await fetch('https://api.ad.test/report')
 *   res.type('text').send(await report.text())
 * })
 * ```
 *
 * @throws ConfigurationError at once for `notAllowed` together with
 * `impersonateCallerForAllOperations`
 */
export function impersonation(option: ImpersonationOption): RequestHandler {
  return gated(impersonationGate(option))
}

/**
 * Returns a middleware that lets members of at least one of the groups pass; other callers get 403,
 * and so does a caller whose groups are not known. Of a user of another realm only the groups count
 * that this realm may give: see `domainSids`.
 *
 * ```ts
 * import { requireGroup } from '@s4u/express'
 * import express from 'express'
 *
 * express().use(requireGroup(['S-1-5-21-1004336348-1177238915-682003330-1110']))
 * ```
 *
 * @param groups SIDs, or `CORP\Sales` where the negotiator has the option `directory`
 * @throws ConfigurationError at once for what is neither
 */
export function requireGroup(groups: string | readonly string[]): RequestHandler
/** @deprecated Since 0.2: give the groups as a list. */
export function requireGroup(...groups: readonly string[]): RequestHandler
export function requireGroup(...groups: readonly (string | readonly string[])[]): RequestHandler {
  return gated(groupGate(groups.flat()))
}

/**
 * Returns a middleware that lets callers pass who came through these services and no others. A user
 * of another realm does not pass, since that realm's KDC can make up the list of services.
 *
 * ```ts
 * import { requireDelegatedBy } from '@s4u/express'
 * import express from 'express'
 *
 * express().use(requireDelegatedBy(['HTTP/web.ad.test', 'svc-web']))
 * ```
 *
 * @throws ConfigurationError at once for an empty list
 */
export function requireDelegatedBy(services: readonly string[]): RequestHandler {
  return gated(delegatedByGate(services))
}

/**
 * Returns a middleware that lets known callers pass and asks others to authenticate: for single
 * routes behind `mode: 'optional'`.
 *
 * @example
 * ```ts
 * import { negotiate, requireIdentity } from '@s4u/express'
 * import express from 'express'
 *
 * const app = express()
 * app.use(negotiate({ keytab: 'web.keytab', mode: 'optional' }))
 * app.get('/', (req, res) => void res.send('Hello'))
 * app.get('/orders', requireIdentity(), (req, res) => void res.send(req.identity.name))
 * ```
 */
export function requireIdentity(): RequestHandler {
  return gated(identityGate())
}
