import { type CallerIdentity, ConfigurationError, type Gate } from '@s4u/negotiate'
import { Hono } from 'hono'
import { expect, test, vi } from 'vitest'
import { gated } from './gated.js'
import { requireIdentity } from './routes.js'

const seen = { headers: {} }
const identity = {} as CallerIdentity

async function run(gate: Gate) {
  const handler = vi.fn(() => new Response('handled'))
  const app = new Hono()
  app.use(async (c, next) => {
    c.set('negotiatedRequest', seen)
    c.set('identity', identity)
    await next()
  })
  app.get('/', gated(gate), handler)
  return { response: await app.request('/'), handler }
}

test('asks the gate about the request and its identity', async () => {
  const gate = vi.fn<Gate>(() => ({ status: 'pass', run: (next) => next() }))
  const { response } = await run(gate)
  expect(gate).toHaveBeenCalledExactlyOnceWith(seen, identity)
  expect(await response.text()).toBe('handled')
})

test('waits for what follows, the way the gate says', async () => {
  const order: string[] = []
  const { handler } = await run(() => ({
    status: 'pass',
    run: (next) => {
      order.push('run')
      return next()
    },
  }))
  expect(order).toEqual(['run'])
  expect(handler).toHaveBeenCalledOnce()
})

test('sends what the gate answers in place of going on', async () => {
  const headers = { 'WWW-Authenticate': 'Negotiate' }
  const { response, handler } = await run(() => ({ status: 'challenge', statusCode: 403, headers, body: 'No.' }))
  expect([response.status, response.headers.get('www-authenticate'), await response.text()]).toEqual([
    403,
    'Negotiate',
    'No.',
  ])
  expect(handler).not.toHaveBeenCalled()
})

test('says where nothing in front authenticates callers', async () => {
  const errors: Error[] = []
  const app = new Hono().use(requireIdentity())
  app.onError((error, c) => {
    errors.push(error)
    return c.body(null, 500)
  })
  expect((await app.request('/')).status).toBe(500)
  expect(errors).toEqual([expect.any(ConfigurationError)])
  expect(errors[0]).toMatchObject({ hint: 'Put app.use(negotiate(…)) before the route.' })
})

test('a request that has passed no negotiator has no headers for the gate, and no identity', async () => {
  const gate = vi.fn<Gate>(() => ({ status: 'pass', run: (next) => next() }))
  const app = new Hono().get('/', gated(gate), (c) => c.text('handled'))
  await app.request('/', { headers: { authorization: 'Negotiate x' } })
  expect(gate).toHaveBeenCalledExactlyOnceWith({ headers: {} }, undefined)
})
