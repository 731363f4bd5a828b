import { RejectedTokenError } from '@s4u/kdc-client'
import { expect, test, vi } from 'vitest'
import { runPlainly } from '../authenticate/outcome.js'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import { callerWith } from '../fixtures/identities.js'
import { forbidden } from '../routes/gate.js'
import { protectedBy, type ProtectOptions, type WebNegotiator } from './protect.js'
import { responseOf } from './web-outcome.js'
import { negotiableOf } from './web-request.js'

const alice = callerWith()
const PROOF = { 'WWW-Authenticate': 'Negotiate oRQ=' }

/** A negotiator that knows Alice by the header `x-user`. */
const knowing: WebNegotiator & { readonly asked: object[] } = {
  asked: [],
  authenticateRequest(request, options) {
    this.asked.push(options)
    const seen = negotiableOf(request)
    if (request.headers.has('x-user'))
      return Promise.resolve({
        status: 'authenticated',
        ...{ identity: alice, by: 'token', headers: PROOF, run: runPlainly, request: seen },
      })
    if (options.mode === 'optional' || request.method === 'OPTIONS')
      return Promise.resolve({ status: 'anonymous', headers: {}, run: runPlainly, request: seen })
    const challenge = {
      status: 'challenge',
      statusCode: 401,
      headers: { 'WWW-Authenticate': 'Negotiate' },
      body: '',
    } as const
    return Promise.resolve({ ...challenge, response: responseOf(challenge), request: seen })
  },
}

const hello = (_request: Request, identity: CallerIdentity | undefined, ...rest: readonly unknown[]): Response =>
  new Response([identity?.principal ?? 'stranger', ...rest].join(' '))
const of = (method = 'GET', headers: Record<string, string> = {}) =>
  new Request('https://web.ad.test/', { method, headers })
const KNOWN = { 'x-user': 'alice' }

test('a handler is called for a known caller, and its response has the proof', async () => {
  const response = await protectedBy(knowing, hello, undefined)(of('GET', KNOWN))
  expect(await response.text()).toBe('alice@AD.TEST')
  expect(response.headers.get('www-authenticate')).toBe('Negotiate oRQ=')
})

test('a handler is not called for an unknown caller', async () => {
  const handler = vi.fn(hello)
  expect((await protectedBy(knowing, handler, undefined)(of())).status).toBe(401)
  expect(handler).not.toHaveBeenCalled()
})

test('a handler is called for an unknown caller where it may be one', async () => {
  const response = await protectedBy(knowing, hello, { mode: 'optional' })(of())
  expect(await response.text()).toBe('stranger')
})

test('what the runtime gives is handed on, and tells of the connection', async () => {
  const connection = (_request: Request, { address }: { address: string }) => ({ clientAddress: address })
  const answer = (_request: Request, { principal }: CallerIdentity, { address }: { address: string }): Response =>
    new Response(`${principal} ${address}`)
  const response = await protectedBy(knowing, answer, { connection })(of('GET', KNOWN), { address: '192.0.2.7' })
  expect(await response.text()).toBe('alice@AD.TEST 192.0.2.7')
  expect(knowing.asked.at(-1)).toEqual({ clientAddress: '192.0.2.7', mode: 'required' })
})

test('a gate refuses before the handler, with the proof', async () => {
  const handler = vi.fn(hello)
  const gates: ProtectOptions['gates'] = [
    (request, identity) => (identity ? forbidden(request, identity, 'is in no group') : expect.fail('unknown')),
  ]
  const response = await protectedBy(knowing, handler, { gates })(of('GET', KNOWN))
  expect(response.status).toBe(403)
  expect(response.headers.get('www-authenticate')).toBe('Negotiate oRQ=')
  expect(handler).not.toHaveBeenCalled()
})

test('the last gate is the innermost', async () => {
  const order: string[] = []
  const gate = (name: string) => () =>
    ({ status: 'pass', run: <T>(next: () => T): T => (order.push(name), next()) }) as const
  await protectedBy(knowing, hello, { gates: [gate('outer'), gate('inner')] })(of('GET', KNOWN))
  expect(order).toEqual(['outer', 'inner'])
})

test('an error of s4u is answered with its status, and told; the caller learns no more', async () => {
  const onError = vi.fn()
  const error = new RejectedTokenError('alice may not reach svc-api', { code: 'KDC_ERR_POLICY', status: 403 })
  const handler = vi.fn(() => Promise.reject(error))
  const request = of('GET', KNOWN)
  const response = await protectedBy(knowing, handler, { onError })(request)
  expect(response.status).toBe(403)
  expect(await response.text()).toBe('Forbidden\n')
  expect(response.headers.get('www-authenticate')).toBe('Negotiate oRQ=')
  expect(onError).toHaveBeenCalledExactlyOnceWith(error, request)
})

test('another error is thrown: frameworks redirect with some', async () => {
  const redirect = new Error('NEXT_REDIRECT')
  const handler = vi.fn(() => Promise.reject(redirect))
  await expect(protectedBy(knowing, handler, undefined)(of('GET', KNOWN))).rejects.toBe(redirect)
})

test('a preflight is answered without a caller, and never by the handler', async () => {
  const handler = vi.fn(hello)
  const plain = await protectedBy(knowing, handler, undefined)(of('OPTIONS'))
  expect([plain.status, [...plain.headers]]).toEqual([204, []])
  const preflight = () => new Response(null, { headers: { 'access-control-allow-origin': 'https://portal.ad.test' } })
  const own = await protectedBy(knowing, handler, { preflight })(of('OPTIONS'))
  expect(own.headers.get('access-control-allow-origin')).toBe('https://portal.ad.test')
  expect(handler).not.toHaveBeenCalled()
})

test.each<[unknown, unknown, string]>([
  [undefined, undefined, 'protect: the handler must be a function'],
  [hello, { mode: 'off' }, 'protect: mode must be one of required, optional'],
  [hello, { gates: 'S-1-5-21-1-2-3-512' }, 'protect: gates must be a list of gates'],
  [hello, { gate: [] }, 'gate'],
  [hello, { onError: 'log' }, 'onError'],
])('a wrong handler or option is refused at once (%#)', (handler, options, message) => {
  expect(() => protectedBy(knowing, handler as never, options as never)).toThrow(message)
})
