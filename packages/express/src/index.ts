/**
 * Kerberos sign-in and delegation for Express:
 *
 *     app.use(negotiate({ keytab: 'web.keytab' }))
 *     app.get('/', (req, res) => res.send(`Hello ${req.identity.principal}`))
 */

export { currentIdentity } from '@s4u/negotiate'
export { negotiate, type NegotiateMiddleware, type NegotiateOptions } from './negotiate.js'
export { impersonation, requireDelegatedBy, requireGroup, requireIdentity } from './routes.js'
