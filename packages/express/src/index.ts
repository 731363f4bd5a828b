/**
 * Kerberos sign-in and delegation for Express:
 *
 *     app.use(negotiate({ keytab: 'web.keytab' }))
 *     app.get('/', (req, res) => res.send(`Hello ${req.identity.principal}`))
 */

export { negotiate, type NegotiateMiddleware } from './negotiate.js'
