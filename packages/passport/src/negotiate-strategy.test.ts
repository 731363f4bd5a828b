import type { Challenge, NegotiatorOptions } from '@s4u/negotiate'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { corporation } from '../../../test/stories/fixtures/corporation.js'
import { NegotiateStrategy } from './negotiate-strategy.js'
import type { Request, Verify } from './verify.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const fault = new Error('the KDC is away')
const offers = { 'WWW-Authenticate': ['Negotiate', 'Basic realm="x"'], 'Cache-Control': 'no-store' }

/** Returns what a strategy does with a challenge: its answer, or what it tells Passport. */
function refusedWith(given: object, options?: NegotiatorOptions) {
  const told = { fail: vi.fn(), error: vi.fn() }
  const res = { headers: {} as Record<string, unknown>, statusCode: 200, headersSent: false, end: vi.fn() }
  Object.assign(res, { setHeader: (name: string, value: unknown) => (res.headers[name] = value), getHeader: () => {} })
  const strategy = Object.assign(new NegotiateStrategy({ keytab, ...options }), told)
  const challenge = {
    status: 'challenge',
    statusCode: 401,
    headers: offers,
    body: 'text',
    ...given,
  } as never as Challenge
  strategy.refuse(res as never as NonNullable<Request['res']>, challenge)
  return { ...told, res }
}

test('a 401 is left to Passport, with all challenges in one text; the other headers stay', () => {
  const { fail, error, res } = refusedWith({ error: fault })
  expect(fail.mock.calls).toEqual([['Negotiate, Basic realm="x"', 401]])
  expect([error.mock.calls, res.end.mock.calls]).toEqual([[], []])
  expect(res.headers).toEqual({ 'Cache-Control': 'no-store' })
})

test('a 401 without a challenge tells Passport an empty one', () => {
  expect(refusedWith({ headers: {} }).fail.mock.calls).toEqual([['', 401]])
})

test('a KDC that is away is an error of the app', () => {
  const { fail, error, res } = refusedWith({ statusCode: 503, error: fault })
  expect([error.mock.calls, fail.mock.calls, res.end.mock.calls]).toEqual([[[fault]], [], []])
})

test.each<[what: string, given: object, options: NegotiatorOptions, status: number]>([
  ['a 503 without an error', { statusCode: 503 }, {}, 503],
  ['a 403', { statusCode: 403, error: fault }, {}, 403],
  ['a 401 that wants HTTP/1.1', { http1Required: true }, {}, 401],
  ['a 401 whose body the app has written', {}, { challenge: 'Ask the help desk.' }, 401],
])('the strategy itself answers %s', (_what, given, options, status) => {
  const { fail, error, res } = refusedWith(given, options)
  expect([fail.mock.calls, error.mock.calls, res.statusCode]).toEqual([[], [], status])
  expect(res.end.mock.calls).toHaveLength(1)
})

test('a source of signIn has a page, so the strategy answers the 401 itself', () => {
  const source = { name: 'page', open: () => ({ answer: async () => undefined }) }
  const strategy = new NegotiateStrategy({ keytab, signIn: [source] } as never as NegotiatorOptions)
  expect(strategy.has401Body).toBe(true)
  expect(new NegotiateStrategy({ keytab }).has401Body).toBe(false)
})

test('the options may be left out: the keytab of the machine counts', () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-passport-'))
  try {
    writeFileSync(join(folder, 'web.keytab'), keytab.encode())
    vi.stubEnv('KRB5_KTNAME', join(folder, 'web.keytab'))
    expect(new NegotiateStrategy().has401Body).toBe(false)
  } finally {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  }
})

test('a verify that is no function is refused, and the hint shows one', () => {
  expect(() => new NegotiateStrategy({ keytab }, {} as Verify)).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: 'NegotiateStrategy: verify must be a function',
      hint: 'Write new NegotiateStrategy(options, (identity, done) => done(null, user)).',
    }),
  )
})

test('a request without its response is refused', async () => {
  const strategy = new NegotiateStrategy({ keytab })
  const outcome = { status: 'challenge', statusCode: 401, headers: {} } as never as Challenge
  await expect(strategy.judge({} as Request, outcome)).rejects.toThrow(
    'NegotiateStrategy needs the `res` of the request, as in Express',
  )
})
