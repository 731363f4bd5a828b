import { type CallerIdentity, ConfigurationError, type Outcome } from '@s4u/negotiate'
import type { Context } from 'koa'
import { expect, test, vi } from 'vitest'
import { corporation } from '../../../test/stories/fixtures/corporation.js'
import { negotiate, type NegotiateMiddleware } from './negotiate.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')

/** Runs the middleware with a negotiator that says what it is told to. */
async function run(kerberos: NegotiateMiddleware, outcome: Outcome | Error, next = vi.fn(async () => undefined)) {
  const authenticate = vi.spyOn(kerberos.negotiator, 'authenticate')
  if (outcome instanceof Error) authenticate.mockRejectedValue(outcome)
  else authenticate.mockResolvedValue(outcome)
  const res = { getHeader: () => undefined, setHeader: vi.fn() }
  const ctx = { path: '/orders', req: {}, res, state: {} } as unknown as Context
  const done = kerberos(ctx as Parameters<NegotiateMiddleware>[0], next)
  return { ctx, res, next, authenticate, done }
}

const runPlainly = <T>(next: () => T): T => next()

test('sets the identity and the headers, and goes on', async () => {
  const identity = {} as CallerIdentity
  const outcome = {
    status: 'authenticated',
    identity,
    by: 'token',
    headers: { 'X-Proof': '1' },
    run: runPlainly,
  } as const
  const { ctx, res, next, done } = await run(negotiate({ keytab }), outcome)
  await done
  expect(ctx.identity).toBe(identity)
  expect(ctx.state.identity).toBe(identity)
  expect(res.setHeader).toHaveBeenCalledWith('X-Proof', '1')
  expect(next).toHaveBeenCalledOnce()
})

test('goes on without an identity', async () => {
  const { ctx, next, done } = await run(negotiate({ keytab }), { status: 'anonymous', headers: {}, run: runPlainly })
  await done
  expect(ctx.identity).toBeUndefined()
  expect(next).toHaveBeenCalledOnce()
})

test('sends a challenge, and does not go on', async () => {
  const challenge = { status: 'challenge', statusCode: 401, headers: {}, body: 'Sign in.' } as const
  const { ctx, next, done } = await run(negotiate({ keytab }), challenge)
  await done
  expect(ctx).toMatchObject({ status: 401, body: 'Sign in.' })
  expect(next).not.toHaveBeenCalled()
})

test('hands faults to the app', async () => {
  const { done } = await run(negotiate({ keytab }), new Error('a bug'))
  await expect(done).rejects.toThrow('a bug')
})

test('takes the mode from the context where it is a function', async () => {
  const mode = (ctx: Context) => (ctx.path === '/orders' ? 'optional' : 'required')
  const { ctx, authenticate, done } = await run(negotiate({ keytab, mode }), {
    status: 'anonymous',
    headers: {},
    run: runPlainly,
  })
  await done
  expect(authenticate).toHaveBeenCalledWith(ctx.req, { mode: 'optional' })
})

test('checks its options at once', () => {
  expect(() => negotiate({ keytab: '/nowhere.keytab' })).toThrow(ConfigurationError)
})
