import { ConfigurationError, type CallerIdentity, type Outcome } from '@s4u/negotiate'
import type { Request, Response } from 'express'
import { expect, test, vi } from 'vitest'
import { corporation } from '../../../test/stories/fixtures/corporation.js'
import { negotiate, type NegotiateMiddleware } from './negotiate.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')

/** Runs the middleware with a negotiator that says what it is told to. */
async function run(kerberos: NegotiateMiddleware, outcome: Outcome | Error) {
  const authenticate = vi.spyOn(kerberos.negotiator, 'authenticate')
  if (outcome instanceof Error) authenticate.mockRejectedValue(outcome)
  else authenticate.mockResolvedValue(outcome)
  const req = { path: '/orders' } as Request
  const res = { statusCode: 200, getHeader: () => undefined, setHeader: vi.fn(), end: vi.fn() }
  const nexts: unknown[][] = []
  kerberos(req, res as unknown as Response, (...args: unknown[]) => void nexts.push(args))
  await new Promise((resolve) => setImmediate(resolve))
  return { req, res, nexts, authenticate }
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
  const { req, res, nexts } = await run(negotiate({ keytab }), outcome)
  expect(req.identity).toBe(identity)
  expect(res.setHeader).toHaveBeenCalledWith('X-Proof', '1')
  expect(nexts).toEqual([[]])
})

test('goes on without an identity', async () => {
  const { req, nexts } = await run(negotiate({ keytab }), { status: 'anonymous', headers: {}, run: runPlainly })
  expect(req.identity).toBeUndefined()
  expect(nexts).toEqual([[]])
})

test('sends a challenge, and does not go on', async () => {
  const { res, nexts } = await run(negotiate({ keytab }), {
    status: 'challenge',
    statusCode: 401,
    headers: {},
    body: 'Sign in.',
  })
  expect(res.statusCode).toBe(401)
  expect(res.end).toHaveBeenCalledWith('Sign in.')
  expect(nexts).toEqual([])
})

test('hands faults to the app', async () => {
  const fault = new Error('a bug')
  expect((await run(negotiate({ keytab }), fault)).nexts).toEqual([[fault]])
})

test('hands it to the app that an answer has been sent already', async () => {
  const kerberos = negotiate({ keytab })
  const challenge = {
    status: 'challenge',
    statusCode: 401,
    headers: { 'WWW-Authenticate': 'Negotiate' },
    body: '',
  } as const
  vi.spyOn(kerberos.negotiator, 'authenticate').mockResolvedValue(challenge)
  const sent = new Error('Cannot set headers after they are sent to the client')
  const fail = (): never => {
    throw sent
  }
  const res = { getHeader: () => undefined, setHeader: fail } as unknown as Response
  const next = vi.fn()
  kerberos({} as Request, res, next)
  await new Promise((resolve) => setImmediate(resolve))
  expect(next).toHaveBeenCalledWith(sent)
})

test('takes the mode from the request where it is a function', async () => {
  const anonymous = { status: 'anonymous', headers: {}, run: runPlainly } as const
  const paths: string[] = []
  const mode = (req: Request) => {
    paths.push(req.path)
    return 'optional' as const
  }
  const { req, authenticate } = await run(negotiate({ keytab, mode }), anonymous)
  expect(paths).toEqual(['/orders'])
  expect(authenticate).toHaveBeenCalledWith(req, { mode: 'optional' })
})

test('checks its options at once', () => {
  expect(() => negotiate({ keytab: '/nowhere.keytab' })).toThrow(ConfigurationError)
})
