/**
 * A worker at the edge: `KEYTAB` is in base64, `OPTIONS` in JSON. It has no files and no
 * environment, and nothing random before its first request, so that the app is made by that.
 */
import { impersonation, negotiate, requireGroup } from '@s4u/hono'
import { Hono } from 'hono'

let app

function appOf({ KEYTAB, OPTIONS, GROUP }) {
  const keytab = Uint8Array.from(atob(KEYTAB), (character) => character.codePointAt(0))
  const made = new Hono()
  made.use(negotiate({ keytab, ...JSON.parse(OPTIONS) }))
  made.get('/', (c) => c.json({ principal: c.get('identity').principal }))
  made.get('/sales', requireGroup([GROUP]), (c) => c.json({ isInSales: true }))
  made.get('/as', impersonation('allowed'), async (c) => {
    const answer = await c.get('identity').impersonate().fetch('http://api.ad.test/')
    return c.text(await answer.text())
  })
  made.onError((error, c) => c.json({ code: error.code, message: error.message }, error.status ?? 500))
  return made
}

export default {
  fetch(request, env, context) {
    try {
      app ??= appOf(env)
    } catch ({ name, code, message }) {
      return Response.json({ name, code, message }, { status: 500 })
    }
    return app.fetch(request, env, context)
  },
}
