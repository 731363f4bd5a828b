// @ts-check
/**
 * Calls the backend as the caller, without handing the caller around: inside `impersonate(…)` the `fetch` of @s4u/fetch acts as the
 * caller, in this function and in everything that it calls.
 */
import { fetch } from '@s4u/fetch'
import { negotiate, S4uError } from '@s4u/koa'
import Koa from 'koa'

const app = new Koa()

app.use(async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    if (!S4uError.is(error)) throw error
    // A KDC's refusal says which setting is missing. That is for the log; the caller learns only that it cannot be done.
    const { name, code, message, hint, status } = error
    console.error(name, code, message, hint)
    ctx.status = status
    ctx.body = { error: 'This cannot be done in your name.' }
  }
})

// The app's own list: whatever the directory would allow, this app acts as its callers towards these targets only.
app.use(negotiate({ keytab: 'web.keytab', delegation: { allow: ['HTTP/api.ad.test'] } }))

app.use((ctx) =>
  ctx.identity.impersonate(async () => {
    ctx.body =
      ctx.path === '/orders' ? await load('http://api.ad.test/orders') : await load('http://vault.ad.test/gold')
  }),
)

/** @param {string} url */
async function load(url) {
  const answer = await fetch(url)
  return answer.json()
}

app.listen(process.env.PORT ?? 3000)
