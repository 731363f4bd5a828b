// @ts-check
/**
 * Calls the backend as the caller, without handing the caller around: inside `impersonate(…)` the
 * `fetch` of @s4u/fetch acts as the caller, in this function and in everything that it calls.
 */
import { createServer } from 'node:http'
import { fetch } from '@s4u/fetch'
import { negotiate, S4uError } from '@s4u/koa'
import Koa from 'koa'

const backend = process.env.BACKEND ?? 'http://api.ad.test'

const app = new Koa()

app.use(async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    if (!S4uError.is(error)) throw error
    // A KDC's refusal says which setting is missing. That is for the log; the caller learns only
    // that it cannot be done.
    const { name, code, message, hint, status } = error
    console.error(name, code, message, hint)
    ctx.status = status
    ctx.body = { error: 'This cannot be done in your name.' }
  }
})

// The app's own list: whatever the directory would allow, this app acts as its callers towards
// these targets only.
app.use(negotiate({ keytab: 'web.keytab', delegation: { allow: ['HTTP/api.ad.test'] } }))

app.use((ctx) =>
  ctx.identity.impersonate(async () => {
    ctx.body = ctx.path === '/orders' ? await load(`${backend}/orders`) : await load('http://vault.ad.test/gold')
  }),
)

/** @param {string} url */
async function load(url) {
  const answer = await fetch(url)
  if (!answer.ok) throw Object.assign(new Error(`${url} answered ${answer.status}`), { status: answer.status })
  return answer.json()
}

createServer({ maxHeaderSize: 65_536 }, app.callback()).listen(process.env.PORT ?? 3000)
