// @ts-check
/**
 * Calls the backend as the caller, where the route says so: its handler runs as the caller, and the
 * `fetch` of @s4u/fetch acts as the caller there, and in everything that it calls.
 */
import { errorHandler, negotiate } from '@s4u/fastify'
import { fetch } from '@s4u/fetch'
import Fastify from 'fastify'

const backend = process.env.BACKEND ?? 'http://api.ad.test'

// Tickets of users in many groups are longer than the 16 KB of headers that Node takes by default.
const app = Fastify({ logger: true, http: { maxHeaderSize: 65_536 } })

// The log is told which setting is missing; the caller, the status and nothing more.
app.setErrorHandler(errorHandler())

// With `await`: what routes say below is then checked when they are declared.
await app.register(negotiate, { keytab: 'web.keytab', delegation: { allow: ['HTTP/api.ad.test'] } })

app.get('/orders', { config: { negotiate: { impersonation: 'required' } } }, async (_request, reply) => {
  const orders = await fetch(`${backend}/orders`)
  if (orders.ok) return orders.json()
  return reply.code(orders.status).send() // the backend's own rules have decided
})

app.get('/health', { config: { negotiate: { mode: 'off' } } }, () => 'ok')

await app.listen({ port: Number(process.env.PORT ?? 3000) })
