import { negotiate } from '@s4u/express'
import express from 'express'

const app = express()
app.use(negotiate({ keytab: 'web.keytab', delegation: { allow: ['HTTP/api.ad.test'] } }))

app.get('/orders', async (req, res) => {
  const caller = req.identity.impersonate() // `using caller` in TypeScript and from Node 24 on
  const orders = await caller.fetch('http://api.ad.test/orders')
  res.status(orders.status).json(await orders.json())
})
app.listen(process.env.PORT ?? 3000)
