// @ts-check
/**
 * Calls its backend as whoever calls it. `node examples/realm/realm.mjs` makes a realm for it, with
 * a backend.
 */
import { createServer } from 'node:http'
import { errorHandler, negotiate } from '@s4u/express'
import express from 'express'

const backend = process.env.BACKEND ?? 'http://api.ad.test'

const app = express()
app.use(negotiate({ keytab: 'web.keytab', delegation: { allow: ['HTTP/api.ad.test'] } }))

app.get('/orders', async (req, res) => {
  const caller = req.identity.impersonate() // `using caller` in TypeScript and from Node 24 on
  const orders = await caller.fetch(`${backend}/orders`)
  if (orders.ok) res.json(await orders.json())
  else res.sendStatus(orders.status) // the backend's own rules have decided
})

// The log is told which setting is missing; the caller, the status and nothing more.
app.use(errorHandler())

// Tickets of users in many groups are longer than the 16 KB of headers that Node takes by default.
createServer({ maxHeaderSize: 65_536 }, app).listen(process.env.PORT ?? 3000)
