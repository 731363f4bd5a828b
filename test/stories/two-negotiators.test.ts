import { MemoryReplayStore } from '@s4u/acceptor'
import { negotiate } from '@s4u/express'
import { negotiate as negotiateInKoa } from '@s4u/koa'
import express from 'express'
import Koa from 'koa'
import type { RequestListener } from 'node:http'
import { expect, test } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'

/** An app with a negotiator, mounted in another one that has its own: each request passes both. */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')

function inExpress(): RequestListener {
  const replayCache = new MemoryReplayStore()
  const app = express()
  for (const channelBinding of ['off', 'allow'] as const) app.use(negotiate({ keytab, replayCache, channelBinding }))
  return app.get('/', (req, res) => void res.send(req.identity.name))
}

function inKoa(): RequestListener {
  const replayCache = new MemoryReplayStore()
  const app = new Koa()
  for (const channelBinding of ['off', 'allow'] as const)
    app.use(negotiateInKoa({ keytab, replayCache, channelBinding }))
  app.use((ctx) => void (ctx.body = ctx.identity.name))
  return app.callback()
}

test.each([
  ['Express', inExpress],
  ['Koa', inKoa],
])('%s: two with one replay store both know the caller, and neither takes the token twice', async (_name, make) => {
  await using site = await serve(make())
  const authorization = await alice.authorization()
  expect(await site.get('/', { authorization })).toMatchObject({ status: 200, body: 'alice' })
  expect((await site.get('/', { authorization })).status).toBe(401)
})
