/**
 * A process that web.bench.mjs measures: one app, with protection or without. Says over IPC how
 * much CPU it has used, in microseconds.
 */
import { createServer } from 'node:http'
import { negotiate } from '@s4u/express'
import { negotiate as negotiateKoa } from '@s4u/koa'
import express from 'express'
import Koa from 'koa'

const apps = {
  express(protection) {
    const app = express()
    if (protection !== undefined) app.use(negotiate(protection))
    return app.get('/', (_req, res) => res.send('hello'))
  },
  koa(protection) {
    const app = new Koa()
    if (protection !== undefined) app.use(negotiateKoa(protection))
    return app.use((ctx) => void (ctx.body = 'hello')).callback()
  },
}

process.on('message', async ({ start, cpu }) => {
  if (start !== undefined) {
    const protection = start.keytab && { keytab: Buffer.from(start.keytab, 'base64') }
    process.send({ port: await listen(apps[start.framework](protection)) })
  }
  if (cpu) {
    const { user, system } = process.cpuUsage()
    process.send({ cpu: user + system })
  }
})
process.on('disconnect', () => process.exit())

async function listen(listener) {
  const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 60_000 }, listener)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}
