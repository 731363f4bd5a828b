import { ConfigurationError, type CallerIdentity, type WebOutcome } from '@s4u/negotiate'
import { type Context, Hono } from 'hono'
import { expect, test, vi } from 'vitest'
import { corporation } from '../../../test/stories/fixtures/corporation.js'
import { negotiate, type NegotiateMiddleware } from './negotiate.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const seen = { headers: {} }
const runPlainly = <T>(next: () => T): T => next()
const anonymous = { status: 'anonymous', headers: {}, run: runPlainly, request: seen } as const

/** Runs the middleware with a negotiator that says what it is told to. */
async function run(
  kerberos: NegotiateMiddleware,
  outcome: WebOutcome | Error,
  handler: (c: Context) => Response | Promise<Response> = (c) => c.text('handled'),
  headers: Readonly<Record<string, string>> = {},
) {
  const authenticate = vi.spyOn(kerberos.negotiator, 'authenticateRequest')
  if (outcome instanceof Error) authenticate.mockRejectedValue(outcome)
  else authenticate.mockResolvedValue(outcome)
  const handled = vi.fn(handler)
  const errors: Error[] = []
  const app = new Hono().use(kerberos).all('/orders', handled)
  app.onError((error, c) => {
    errors.push(error)
    return c.text('failed', 500)
  })
  const response = await app.request('/orders', { headers })
  return { response, authenticate, handled, errors, context: handled.mock.calls[0]?.[0] }
}

const authenticated = (headers: WebOutcome['headers'], identity = {} as CallerIdentity) =>
  ({ status: 'authenticated', identity, by: 'token', headers, run: runPlainly, request: seen }) as const

test('sets the identity and the headers, and goes on', async () => {
  const outcome = authenticated({ 'X-Proof': '1' })
  const { response, context } = await run(negotiate({ keytab }), outcome)
  expect(context?.get('identity')).toBe(outcome.identity)
  expect(context?.get('negotiatedRequest')).toBe(seen)
  expect([response.status, response.headers.get('x-proof')]).toEqual([200, '1'])
})

test('goes on without an identity', async () => {
  const { context } = await run(negotiate({ keytab }), anonymous)
  expect(context?.get('identity')).toBeUndefined()
})

test('a header that was taken away is not in the request of the app, also where Deno keeps it', async () => {
  const shown = (c: Context) => c.json([c.req.header('x-remote-user') ?? null, c.req.header('x-more'), c.req.path])
  const request = { headers: { 'x-more': '1' } }
  const headers = { 'x-remote-user': 'admin', 'x-more': '1' }
  const { response } = await run(negotiate({ keytab }), { ...anonymous, request }, shown, headers)
  expect(await response.json()).toEqual([null, '1', '/orders'])
})

test('sends a challenge, and does not go on', async () => {
  const { response, handled } = await run(negotiate({ keytab }), {
    status: 'challenge',
    statusCode: 401,
    headers: {},
    body: 'Sign in.',
    response: new Response('Sign in.', { status: 401 }),
    request: seen,
  })
  expect([response.status, await response.text()]).toEqual([401, 'Sign in.'])
  expect(handled).not.toHaveBeenCalled()
})

test('hands faults to the app', async () => {
  const fault = new Error('a bug')
  const { response, errors } = await run(negotiate({ keytab }), fault)
  expect([response.status, errors]).toEqual([500, [fault]])
})

test('adds the headers to the answer of a handler that fails', async () => {
  const { response } = await run(negotiate({ keytab }), authenticated({ 'X-Proof': '1' }), () => {
    throw new Error('a bug')
  })
  expect([response.status, response.headers.get('x-proof')]).toEqual([500, '1'])
})

test('keeps the cookies and the body of a response that cannot be changed', async () => {
  const headers = { 'Set-Cookie': ['session=1', 'more=2'] }
  const answer = await fetch('data:text/plain,streamed')
  const { response } = await run(negotiate({ keytab }), authenticated(headers), async (c) => {
    c.header('Set-Cookie', 'basket=3')
    c.res.headers.append('X-Of-The-Handler', '1')
    return answer
  })
  expect(response.headers.getSetCookie()).toEqual(['basket=3', 'session=1', 'more=2'])
  expect(response.headers.get('x-of-the-handler')).toBe('1')
  expect(await response.text()).toBe('streamed')
})

test('takes the mode from the context where it is a function', async () => {
  const mode = (c: Context) => (c.req.path === '/orders' ? 'optional' : 'required')
  const { authenticate, context } = await run(negotiate({ keytab, mode }), anonymous)
  expect(authenticate).toHaveBeenCalledExactlyOnceWith(context?.req.raw, { mode: 'optional', body: undefined })
})

test('checks its options at once', () => {
  expect(() => negotiate({ keytab: '/nowhere.keytab' })).toThrow(ConfigurationError)
})

test('the form that a middleware has read before reaches the sources of signIn', async () => {
  const kerberos = negotiate({ keytab })
  const authenticate = vi.spyOn(kerberos.negotiator, 'authenticateRequest').mockResolvedValue(anonymous)
  const app = new Hono()
  app.use(async (c, next) => {
    await c.req.parseBody()
    await next()
  })
  app.use(kerberos).post('/', (c) => c.text('handled'))
  const body = new URLSearchParams({ user: 'alice' })
  await app.request('/', { method: 'POST', body })
  await new Hono().use(kerberos).request('/', { method: 'POST', body })
  expect(authenticate.mock.calls.map(([, given]) => given?.body)).toEqual([{ user: 'alice' }, undefined])
})
