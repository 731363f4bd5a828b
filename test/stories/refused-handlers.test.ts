import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { asyncHandler, errorHandler, negotiate } from '@s4u/express'
import { errorHandler as errorHandlerOfFastify, negotiate as negotiateInFastify } from '@s4u/fastify'
import { type CallerIdentity, MalformedTokenError, type NegotiatorOptions, type S4uError } from '@s4u/negotiate'
import { negotiate as negotiateInKoa } from '@s4u/koa'
import express from 'express'
import express4 from 'express4'
import Fastify, { type FastifyInstance } from 'fastify'
import Fastify4 from 'fastify4'
import Koa from 'koa'
import Koa2 from 'koa2'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { API, corporation, Desktop, PASSWORD } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'

/** What a browser is told of a handler that fails, by what the frameworks do by themselves. */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const [alice, carol] = [new Desktop(realm, 'alice'), new Desktop(realm, 'carol')]
const options: NegotiatorOptions = { keytab, kdc: realm.transport, delegation: { principal: 'web' } }
const NAMES = /alice|carol|web|api|AD\.TEST|KDC|S4U|msDS|delegat/i

const calls = (caller: CallerIdentity): Promise<unknown> => caller.impersonate().ticketFor(API)
const cannot = (caller: CallerIdentity): Promise<unknown> => caller.impersonate().ticketFor('HTTP/other.ad.test')

type Handle = (caller: CallerIdentity) => unknown

const inExpress =
  (framework: typeof express, ownHandler: boolean) => (handle: Handle, more: NegotiatorOptions, log: S4uError[]) => {
    const app = framework().use(negotiate({ ...options, ...more }))
    app.get(
      '/',
      asyncHandler(async (req, res) => void res.json(await handle(req.identity))),
    )
    return ownHandler ? app.use(errorHandler({ onError: (error) => void log.push(error) })) : app
  }

const inKoa = (Framework: typeof Koa) => (handle: Handle, more: NegotiatorOptions, log: S4uError[]) => {
  const app = new Framework()
  app.on('error', (error: S4uError) => void log.push(error))
  app.use(negotiateInKoa({ ...options, ...more }))
  app.use(async (ctx) => void (ctx.body = await handle(ctx.identity)))
  return app.callback()
}

const inFastify =
  (create: () => FastifyInstance, ownHandler: boolean) =>
  (handle: Handle, more: NegotiatorOptions, log: S4uError[]) => {
    const app = create()
    app.register(negotiateInFastify, { ...options, ...more })
    app.get('/', async (request) => handle(request.identity))
    if (ownHandler) app.setErrorHandler(errorHandlerOfFastify({ onError: (error) => void log.push(error) }))
    const ready = app.ready()
    const listener: RequestListener = (request, response) => void ready.then(() => app.routing(request, response))
    return listener
  }

const frameworks = [
  ['Express 5', inExpress(express, false), false],
  ['Express 4', inExpress(express4, false), false],
  ['Express 5 with errorHandler()', inExpress(express, true), true],
  ['Express 4 with errorHandler()', inExpress(express4, true), true],
  ['Koa 3', inKoa(Koa), true],
  ['Koa 2', inKoa(Koa2), true],
  ['Fastify 5', inFastify(() => Fastify(), false), false],
  ['Fastify 4', inFastify(() => Fastify4(), false), false],
  ['Fastify 5 with errorHandler()', inFastify(() => Fastify(), true), true],
  ['Fastify 4 with errorHandler()', inFastify(() => Fastify4(), true), true],
] as const

let mode: string | undefined
let print: { mockRestore(): void } | undefined
beforeAll(() => {
  mode = process.env.NODE_ENV
  // As on the desk of whoever writes the app, where Express shows the stack.
  process.env.NODE_ENV = 'development'
  print = vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterAll(() => {
  process.env.NODE_ENV = mode
  print?.mockRestore()
})

const unreachable: NegotiatorOptions = {
  kdc: { kdc: { 'AD.TEST': ['udp/127.0.0.1:1'] }, timeLimit: 300 },
}
const lying = async (request: Uint8Array): Promise<Uint8Array> => request.slice(0, 3)
const refuses: NegotiatorOptions = { delegation: { principal: 'web', allow: ['HTTP/elsewhere.ad.test'] } }

describe.each(frameworks)('%s answers', (_name, build, saysNothing) => {
  test.each<[string, number, string, Desktop, Handle, NegotiatorOptions]>([
    ['a delegation that the directory refuses', 403, 'DelegationRefusedError', carol, calls, {}],
    ['a target that the directory does not list', 403, 'DelegationRefusedError', alice, cannot, {}],
    ['a target that the app does not list', 403, 'ConfigurationError', alice, calls, refuses],
    ['a KDC that cannot be reached', 503, 'KdcUnreachableError', alice, calls, unreachable],
    ['a KDC that answers with rubbish', 502, 'MalformedTokenError', alice, calls, { kdc: lying }],
  ])('%s with %i', async (_what, status, name, desktop, handle, more) => {
    const log: S4uError[] = []
    await using site = await serve(build(handle, more, log) as Parameters<typeof serve>[0])
    const answer = await site.get('/', { authorization: await desktop.authorization() })
    expect(answer.status).toBe(status)
    if (saysNothing) {
      expect(answer.body).not.toMatch(NAMES)
      expect(log).toEqual([expect.objectContaining({ name })])
    }
  })

  test('a name that a user has sent with 400, and a fault of its own with 500', async () => {
    const malformed = () => {
      throw new MalformedTokenError({ path: 'principal', expected: 'a name', found: 'carol@@' })
    }
    const bug = () => {
      throw new TypeError('a bug')
    }
    for (const [handle, status] of [[malformed, 400] as const, [bug, 500] as const]) {
      await using site = await serve(build(handle, {}, []) as Parameters<typeof serve>[0])
      const answer = await site.get('/', { authorization: await alice.authorization() })
      expect(answer.status).toBe(status)
    }
  })
})

test('Express shows stacks where NODE_ENV is not production, whatever an error says: errorHandler() is for that', async () => {
  await using site = await serve(inExpress(express, false)(calls, {}, []))
  const answer = await site.get('/', { authorization: await carol.authorization() })
  expect(answer.body).toMatch(/carol/)
  process.env.NODE_ENV = 'production'
  try {
    await using production = await serve(inExpress(express, false)(calls, {}, []))
    const quiet = await production.get('/', { authorization: await carol.authorization() })
    expect(quiet).toMatchObject({ status: 403 })
    expect(quiet.body).not.toMatch(NAMES)
  } finally {
    process.env.NODE_ENV = 'development'
  }
})

test.each([
  ['a wrong password', { user: 'alice', password: 'wrong' }, 401],
  ['an unknown user with a password', { user: 'nobody', password: PASSWORD }, 401],
  ['a user whom the app may not vouch for', 'bob', 403],
  ['an unknown user', 'nobody', 403],
] as const)('%s has a status that fits', async (_what, user, status) => {
  const transitioning = user === 'nobody' ? { principal: 'web', protocolTransition: true } : { principal: 'web' }
  const { negotiator } = negotiate({ ...options, delegation: transitioning })
  await expect(negotiator.identityFor(user)).rejects.toMatchObject({ status, expose: false })
})

test('on Express 4 a refusal ends no process, through asyncHandler(), and leaves the others their answers', async () => {
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  const app = express4().use(negotiate(options))
  app.get(
    '/',
    asyncHandler(async (req, res) => void res.json(await calls(req.identity))),
  )
  app.use(errorHandler({ onError: () => {} }))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const get = async (desktop: Desktop) => fetch(url, { headers: { authorization: await desktop.authorization() } })
  const answers = await Promise.all([carol, alice, carol].map(get))
  expect(answers.map(({ status }) => status)).toEqual([403, 200, 403])
  expect(await answers[0].text()).toBe('Forbidden\n')
  await new Promise((resolve) => setImmediate(resolve))
  expect(unhandled).not.toHaveBeenCalled()
  process.off('unhandledRejection', unhandled)
  server.close()
})
