/**
 * Kerberos sign-in and delegation for Koa:
 *
 *     app.use(negotiate({ keytab: 'api.keytab' }))
 *     app.use((ctx) => { ctx.body = `Hello ${ctx.identity.principal}` })
 */

export { negotiate, type NegotiateMiddleware } from './negotiate.js'
