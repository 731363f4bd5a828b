import { ConfigurationError, RejectedTokenError } from '@s4u/negotiate'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { afterEach, expect, test, vi } from 'vitest'
import { errorHandler, type ErrorHandlerOptions } from './errors.js'

const refusal = new RejectedTokenError('alice may not', { code: 'SEC_E_LOGON_DENIED', status: 403 })

const log = vi.spyOn(console, 'error').mockImplementation(() => {})
afterEach(() => void log.mockClear())

async function run(error: Error, options?: ErrorHandlerOptions) {
  const app = new Hono()
  app.get('/', (c) => {
    c.header('X-Of-The-Handler', '1')
    throw error
  })
  app.onError(errorHandler(options))
  const answer = await app.request('/')
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

test('answers an error of s4u with its status and nothing of its message, which is for the log', async () => {
  const onError = vi.fn()
  const { status, headers, text } = await run(refusal, { onError })
  expect([status, text, headers.get('x-of-the-handler')]).toEqual([403, 'Forbidden\n', '1'])
  expect(onError.mock.calls.map(([told, c]) => [told, c.req.path])).toEqual([[refusal, '/']])
  expect(log).not.toHaveBeenCalled()
})

test('answers one that knows no status, as an older copy makes them, with 500', async () => {
  const old = Object.defineProperty(
    new RejectedTokenError('no', { code: 'SEC_E_LOGON_DENIED', status: 403 }),
    'status',
    { value: undefined },
  )
  expect((await run(old)).status).toBe(500)
})

test('answers others as Hono does, and logs what it answers', async () => {
  const bug = new TypeError('a bug')
  expect(await run(bug)).toMatchObject({ status: 500, text: 'Internal Server Error' })
  expect(await run(new HTTPException(418, { message: 'teapot' }))).toMatchObject({ status: 418, text: 'teapot' })
  await run(refusal)
  expect(log.mock.calls).toEqual([[bug], [refusal]])
})

test('leaves others to a handler of the app', async () => {
  const otherwise = vi.fn(() => new Response('mine', { status: 502 }))
  expect(await run(new TypeError('a bug'), { otherwise })).toMatchObject({ status: 502, text: 'mine' })
  expect(await run(refusal, { otherwise, onError: () => {} })).toMatchObject({ status: 403 })
  expect(otherwise).toHaveBeenCalledOnce()
})

test.each([
  [{ onerror: () => {} }, 'errorHandler'],
  [{ onError: 'log' }, 'errorHandler: onError must be a function'],
  [{ otherwise: 502 }, 'errorHandler: otherwise must be a function'],
])('takes no other options: %j', (wrong, message) => {
  expect(() => errorHandler(wrong as object)).toThrow(ConfigurationError)
  expect(() => errorHandler(wrong as object)).toThrow(message)
})
