import { negotiate } from '@s4u/koa'
import Koa from 'koa'

/** The first backend: sees the caller, not web, and passes the call on as the same caller. */
export function createApi({ keytab, kdc, fetch, onRefusal }) {
  const app = new Koa()
  // The demo's own fetch notes each request and makes another of it; what it calls authenticates
  // each request by itself.
  const kerberos = negotiate({ keytab, kdc, fetch: { fetch, connections: 'shared' } })
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      onRefusal('api', error)
      ctx.status = 403
      ctx.body = { error: 'This could not be done in your name.' }
    }
  })
  app.use(kerberos)
  app.use(async (ctx) => {
    const caller = ctx.identity.impersonate()
    const answer = await caller.fetch('http://data.ad.test/orders')
    ctx.status = answer.status
    ctx.body = await answer.json()
  })
  return app
}
