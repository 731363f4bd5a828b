import { negotiate } from '@s4u/express'
import { errorHandler, negotiate as negotiateInFastify } from '@s4u/fastify'
import { negotiate as negotiateInKoa } from '@s4u/koa'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import Fastify4 from 'fastify4'
import Koa from 'koa'
import Koa2 from 'koa2'
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { API, corporation, Desktop } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'

/** What frameworks write of an error by themselves has what to do, and what they answer has not. */

const realm = await corporation()
const carol = new Desktop(realm, 'carol')
const options = { keytab: realm.keytabFor('web'), kdc: realm.transport, delegation: { principal: 'web' } }
const HINT = /hint: .*(sensitive|NOT_DELEGATED|AccountNotDelegated)/i

const inExpress = (framework: typeof express) => {
  const app = framework().use(negotiate(options))
  return app.get('/', (req, res, next) => {
    req.identity
      .impersonate()
      .ticketFor(API)
      .then(() => void res.end(), next)
  })
}

const inKoa = (Framework: typeof Koa) => {
  const app = new Framework().use(negotiateInKoa(options))
  app.use(async (ctx) => void (ctx.body = await ctx.identity.impersonate().ticketFor(API)))
  return app.callback()
}

/** Fastify writes JSON, and only where it is given a log. */
const inFastify = (create: typeof Fastify) => {
  const stream = { write: (line: string) => void (written += shown(JSON.parse(line).err)) }
  const app = create({ logger: { level: 'error', stream } })
  app.setErrorHandler(errorHandler())
  app.register(negotiateInFastify, options)
  app.get('/*', (request) => request.identity.impersonate().ticketFor(API))
  const ready = app.ready()
  return (...both: Parameters<typeof app.routing>) => void ready.then(() => app.routing(...both))
}
const shown = ({ type, message, hint }: Record<string, string>) => `${type}: ${message} hint: ${hint}`

const before = process.env.NODE_ENV
let written = ''
beforeEach(() => {
  // As it is where others look on. On the desk of whoever writes the app Express sends the whole
  // stack.
  process.env.NODE_ENV = 'production'
  written = ''
  vi.spyOn(console, 'error').mockImplementation((...args: unknown[]) => {
    written += `${args.map((arg) => (typeof arg === 'string' ? arg : inspect(arg))).join(' ')}\n`
  })
})
afterEach(() => {
  process.env.NODE_ENV = before
  vi.restoreAllMocks()
})

test.each([
  ['Express 5', () => inExpress(express)],
  ['Express 4', () => inExpress(express4)],
  ['Koa 3', () => inKoa(Koa)],
  ['Koa 2', () => inKoa(Koa2)],
  ['Fastify 5', () => inFastify(Fastify)],
  ['Fastify 4', () => inFastify(Fastify4)],
] as const)('%s logs the hint by itself, and tells the client nothing of it', async (_name, build) => {
  await using site = await serve(build() as Parameters<typeof serve>[0])
  const answer = await site.get('/', { authorization: await carol.authorization() })
  await new Promise((resolve) => setImmediate(resolve))
  expect(answer.status).toBe(403)
  expect(written).toMatch(HINT)
  expect(written).toMatch(/DelegationRefusedError: /)
  expect(`${answer.body} ${JSON.stringify(answer.headers)}`).not.toMatch(/hint|carol|sensitive|delegat/i)
})
