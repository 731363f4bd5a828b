import { MemoryReplayStore } from '@s4u/acceptor'
import { negotiate } from '@s4u/express'
import { negotiate as negotiateInFastify } from '@s4u/fastify'
import { negotiate as negotiateInKoa } from '@s4u/koa'
import express from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import Koa from 'koa'
import type { RequestListener } from 'node:http'
import { currentIdentity, impersonatedIdentity, type NegotiatorOptions } from '@s4u/negotiate'
import { describe, expect, test } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'
import { type GetOptions, serve } from './fixtures/serve.js'

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

function inFastify(): RequestListener {
  const replayCache = new MemoryReplayStore()
  const app = Fastify()
  app.register(negotiateInFastify, { keytab, replayCache, channelBinding: 'off' })
  app.register(async (inner) => {
    await inner.register(negotiateInFastify, { keytab, replayCache, channelBinding: 'allow' })
    inner.get('/', (request) => request.identity.name)
  })
  return listenerOf(app)
}

function listenerOf(app: FastifyInstance): RequestListener {
  const ready = app.ready()
  return (request, response) => void ready.then(() => app.routing(request, response))
}

test.each([
  ['Express', inExpress],
  ['Koa', inKoa],
  ['Fastify', inFastify],
])('%s: two with one replay store both know the caller, and neither takes the token twice', async (_name, make) => {
  await using site = await serve(make())
  const authorization = await alice.authorization()
  expect(await site.get('/', { authorization })).toMatchObject({ status: 200, body: 'alice' })
  expect((await site.get('/', { authorization })).status).toBe(401)
})

interface Mounted {
  readonly outer: NegotiatorOptions
  readonly inner: NegotiatorOptions
}

/** Whom `fetch` acts as in a handler, and who is known there. */
const surroundings = () => ({
  acts: impersonatedIdentity()?.principal ?? null,
  known: currentIdentity()?.principal ?? null,
})

function mountedInExpress({ outer, inner }: Mounted): RequestListener {
  const app = express()
  app.use(negotiate(outer))
  app.use('/inner', negotiate(inner))
  return app.use((_req, res) => void res.json(surroundings()))
}

function mountedInKoa({ outer, inner }: Mounted): RequestListener {
  const app = new Koa()
  app.use(negotiateInKoa(outer))
  const mounted = negotiateInKoa(inner)
  app.use((ctx, next) => (ctx.path === '/inner' ? mounted(ctx, next) : next()))
  app.use((ctx) => void (ctx.body = surroundings()))
  return app.callback()
}

function mountedInFastify({ outer, inner }: Mounted): RequestListener {
  const app = Fastify()
  app.register(negotiateInFastify, outer)
  app.all('*', async () => surroundings())
  app.register(async (mounted) => {
    await mounted.register(negotiateInFastify, inner)
    mounted.all('/inner', async () => surroundings())
  })
  return listenerOf(app)
}

describe.each([
  ['Express', mountedInExpress],
  ['Koa', mountedInKoa],
  ['Fastify', mountedInFastify],
])('%s: an app that lets callers pass unknown, in one that knows alice by her session', (_name, mount) => {
  const common: NegotiatorOptions = { keytab, kdc: realm.transport, delegation: { principal: 'web' } }
  const outside: NegotiatorOptions = {
    ...common,
    session: { kind: 'cookie', secure: false },
    impersonateCallerForAllOperations: true,
  }
  const inside: NegotiatorOptions = { ...common, mode: 'optional' }

  async function found(options: Mounted, path: string, ask: Pick<GetOptions, 'headers' | 'method'> = {}) {
    await using site = await serve(mount(options))
    const first = await site.get('/', { authorization: await alice.authorization() })
    expect(JSON.parse(first.body)).toEqual({ acts: 'alice@AD.TEST', known: 'alice@AD.TEST' })
    const [cookie = ''] = first.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^s4u=/)
    const headers = { cookie: cookie.split(';')[0], ...ask.headers }
    return JSON.parse((await site.get(path, { ...ask, headers })).body)
  }

  test('acts as nobody there, and as alice beside it', async () => {
    expect(await found({ outer: outside, inner: inside }, '/inner')).toEqual({ acts: null, known: null })
    expect(await found({ outer: outside, inner: inside }, '/')).toEqual({
      acts: 'alice@AD.TEST',
      known: 'alice@AD.TEST',
    })
  })

  test.each<[string, NegotiatorOptions]>([
    ['impersonates its own callers always', { impersonateCallerForAllOperations: true }],
    ['acts as the service otherwise', { outsideImpersonation: 'service' }],
  ])('that %s, acts as nobody else there', async (_what, options) => {
    const inner = { ...inside, ...options }
    expect(await found({ outer: outside, inner }, '/inner')).toEqual({ acts: null, known: null })
  })

  test('knows nobody there, where the outer app only knows the caller', async () => {
    const outer = { ...outside, impersonateCallerForAllOperations: false }
    await using site = await serve(mount({ outer, inner: inside }))
    const first = await site.get('/', { authorization: await alice.authorization() })
    const cookie = (first.headers['set-cookie'] ?? [''])[0].split(';')[0]
    const answer = await site.get('/inner', { headers: { cookie } })
    expect(JSON.parse(answer.body)).toEqual({ acts: null, known: null })
  })

  test('lets a preflight pass as nobody', async () => {
    const inner = { ...inside, mode: 'required', corsPreflight: true } as const
    const headers = { origin: 'https://portal.ad.test', 'access-control-request-method': 'POST' }
    const preflight = { method: 'OPTIONS', headers }
    expect(await found({ outer: outside, inner }, '/inner', preflight)).toEqual({ acts: null, known: null })
  })

  test('changes nothing where it is off', async () => {
    const inner = { ...inside, mode: 'off' } as const
    expect(await found({ outer: outside, inner }, '/inner')).toMatchObject({ acts: 'alice@AD.TEST' })
  })
})
