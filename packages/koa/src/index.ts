/**
 * Kerberos sign-in and delegation for Koa:
 *
 *     app.use(negotiate({ keytab: 'api.keytab' }))
 *     app.use((ctx) => { ctx.body = `Hello ${ctx.identity.principal}` })
 */

export { currentIdentity } from '@s4u/negotiate'
export { negotiate, type NegotiateMiddleware, type NegotiateOptions } from './negotiate.js'
export { impersonation, requireDelegatedBy, requireGroup, requireIdentity } from './routes.js'
