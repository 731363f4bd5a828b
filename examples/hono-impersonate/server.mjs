// @ts-check
/**
 * Calls the backend as the caller on the routes that say so: behind `impersonation('required')` the
 * `fetch` of @s4u/fetch acts as the caller, in the handler and in everything that it calls.
 */
import { serve } from '@hono/node-server'
import { fetch } from '@s4u/fetch'
import { errorHandler, impersonation, negotiate } from '@s4u/hono'
import { Hono } from 'hono'

const backend = process.env.BACKEND ?? 'http://api.ad.test'

const app = new Hono()

// What a KDC refuses is answered with its status; which setting is missing is for the log.
app.onError(errorHandler({ onError: ({ name, code, message, hint }) => console.error(name, code, message, hint) }))

app.get('/health', (c) => c.text('up'))

// The app's own list: whatever the directory would allow, this app acts as its callers towards
// these targets only.
app.use(negotiate({ keytab: 'web.keytab', delegation: { allow: ['HTTP/api.ad.test'] } }))

app.get('/', (c) => c.text(`Hello ${c.get('identity').principal}`))
app.get('/orders', impersonation('required'), async (c) => c.json(await load(`${backend}/orders`)))
app.get('/gold', impersonation('required'), async (c) => c.json(await load('http://vault.ad.test/gold')))

/** @param {string} url */
async function load(url) {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  return answer.json()
}

// Users in many groups have big tickets.
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), serverOptions: { maxHeaderSize: 65_536 } })
