import { MemoryReplayStore } from '@s4u/acceptor'
import { getRequestListener } from '@hono/node-server'
import { negotiate, requireIdentity } from '@s4u/express'
import { negotiate as negotiateInFastify, requireIdentity as requireIdentityInFastify } from '@s4u/fastify'
import { negotiate as negotiateInHono, requireIdentity as requireIdentityInHono } from '@s4u/hono'
import { negotiate as negotiateInKoa, requireIdentity as requireIdentityInKoa } from '@s4u/koa'
import { NegotiateStrategy } from '@s4u/passport'
import express from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { Passport } from 'passport'
import type { RequestListener } from 'node:http'
import { type CallerIdentity, currentIdentity, impersonatedIdentity, type NegotiatorOptions } from '@s4u/negotiate'
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

/** Whom `fetch` acts as in a handler, who is known there, and whom the request has. */
const surroundings = (identity: CallerIdentity | undefined) => ({
  acts: impersonatedIdentity()?.principal ?? null,
  known: currentIdentity()?.principal ?? null,
  has: identity?.principal ?? null,
})
const ALICE = { acts: 'alice@AD.TEST', known: 'alice@AD.TEST', has: 'alice@AD.TEST' }
const NOBODY = { acts: null, known: null, has: null }

function mountedInExpress({ outer, inner }: Mounted): RequestListener {
  const app = express()
  app.use(negotiate(outer))
  app.use('/inner', negotiate(inner))
  app.use('/inner/gated', requireIdentity())
  return app.use((req, res) => void res.json(surroundings(req.identity)))
}

function mountedInKoa({ outer, inner }: Mounted): RequestListener {
  const app = new Koa()
  app.use(negotiateInKoa(outer))
  const mounted = negotiateInKoa(inner)
  app.use((ctx, next) => (ctx.path.startsWith('/inner') ? mounted(ctx, next) : next()))
  const gate = requireIdentityInKoa()
  app.use((ctx, next) => (ctx.path === '/inner/gated' ? gate(ctx, next) : next()))
  app.use((ctx) => void (ctx.body = surroundings(ctx.state.identity)))
  return app.callback()
}

function mountedInFastify({ outer, inner }: Mounted): RequestListener {
  const app = Fastify()
  app.register(negotiateInFastify, outer)
  app.all('*', async (request) => surroundings(request.identity))
  app.register(async (mounted) => {
    await mounted.register(negotiateInFastify, inner)
    mounted.all('/inner', async (request) => surroundings(request.identity))
    mounted.get('/inner/gated', { onRequest: requireIdentityInFastify() }, async (request) =>
      surroundings(request.identity),
    )
  })
  return listenerOf(app)
}

function mountedInHono({ outer, inner }: Mounted): RequestListener {
  const app = new Hono()
  app.use(negotiateInHono(outer))
  app.use('/inner/*', negotiateInHono(inner))
  app.use('/inner/gated', requireIdentityInHono())
  app.all('*', (c) => c.json(surroundings(c.get('identity'))))
  return getRequestListener(app.fetch)
}

function mountedInPassport({ outer, inner }: Mounted): RequestListener {
  const app = express()
  for (const [path, options] of [['/', outer] as const, ['/inner', inner] as const]) {
    const passport = new Passport()
    passport.use(new NegotiateStrategy(options))
    app.use(path, passport.authenticate('negotiate', { session: false }))
  }
  app.use('/inner/gated', requireIdentity())
  return app.use((req, res) => void res.json(surroundings(req.identity)))
}

describe.each([
  ['Express', mountedInExpress],
  ['Koa', mountedInKoa],
  ['Fastify', mountedInFastify],
  ['Hono', mountedInHono],
  ['Passport', mountedInPassport],
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
    expect(JSON.parse(first.body)).toEqual(ALICE)
    const [cookie = ''] = first.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^s4u=/)
    const headers = { cookie: cookie.split(';')[0], ...ask.headers }
    return JSON.parse((await site.get(path, { ...ask, headers })).body)
  }

  test('acts as nobody there, and as alice beside it', async () => {
    expect(await found({ outer: outside, inner: inside }, '/inner')).toEqual(NOBODY)
    expect(await found({ outer: outside, inner: inside }, '/')).toEqual(ALICE)
  })

  test.each<[string, NegotiatorOptions]>([
    ['impersonates its own callers always', { impersonateCallerForAllOperations: true }],
    ['acts as the service otherwise', { outsideImpersonation: 'service' }],
  ])('that %s, acts as nobody else there', async (_what, options) => {
    const inner = { ...inside, ...options }
    expect(await found({ outer: outside, inner }, '/inner')).toEqual(NOBODY)
  })

  test('knows nobody there, where the outer app only knows the caller', async () => {
    const outer = { ...outside, impersonateCallerForAllOperations: false }
    await using site = await serve(mount({ outer, inner: inside }))
    const first = await site.get('/', { authorization: await alice.authorization() })
    const cookie = (first.headers['set-cookie'] ?? [''])[0].split(';')[0]
    const answer = await site.get('/inner', { headers: { cookie } })
    expect(JSON.parse(answer.body)).toEqual(NOBODY)
  })

  test('asks there where a gate wants somebody, whomever the outer app knows', async () => {
    await using site = await serve(mount({ outer: outside, inner: inside }))
    const first = await site.get('/', { authorization: await alice.authorization() })
    const cookie = (first.headers['set-cookie'] ?? [''])[0].split(';')[0]
    expect((await site.get('/inner/gated', { headers: { cookie } })).status).toBe(401)
  })

  test('lets a preflight pass as nobody', async () => {
    const inner = { ...inside, mode: 'required', corsPreflight: true } as const
    const headers = { origin: 'https://portal.ad.test', 'access-control-request-method': 'POST' }
    const preflight = { method: 'OPTIONS', headers }
    expect(await found({ outer: outside, inner }, '/inner', preflight)).toEqual(NOBODY)
  })

  test('changes nothing where it is off', async () => {
    const inner = { ...inside, mode: 'off' } as const
    expect(await found({ outer: outside, inner }, '/inner')).toEqual(ALICE)
  })
})
