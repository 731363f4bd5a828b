import type { ParameterizedContext } from 'koa'
import { EventEmitter } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { keepHeaders, respondWith } from './respond.js'

const challenge = {
  status: 'challenge',
  statusCode: 401,
  headers: { 'WWW-Authenticate': 'Negotiate' },
  body: 'Sign in.',
} as const

describe('a challenge', () => {
  test('is sent by Koa', () => {
    const res = { getHeader: () => undefined, setHeader: vi.fn() }
    const ctx = { res } as unknown as ParameterizedContext
    respondWith(ctx, challenge)
    expect(ctx).toMatchObject({ status: 401, body: 'Sign in.' })
    expect(res.setHeader).toHaveBeenCalledWith('WWW-Authenticate', 'Negotiate')
    expect(ctx.respond).toBeUndefined()
  })

  test('that requires HTTP/1.1 resets the stream past Koa', () => {
    const close = vi.fn()
    const ctx = { res: { stream: { close } } } as unknown as ParameterizedContext
    respondWith(ctx, { ...challenge, http1Required: true })
    expect(ctx.respond).toBe(false)
    expect(close).toHaveBeenCalledOnce()
  })

  test('is no error for the log of Koa', () => {
    const stream = Object.assign(new EventEmitter(), { close: () => stream.emit('error', reset) })
    const reset = new Error('reset')
    respondWith({ res: { stream } } as unknown as ParameterizedContext, { ...challenge, http1Required: true })
    expect(reset).toMatchObject({ expose: true })
  })
})

describe('the headers of a request whose handler fails', () => {
  const failing = async (error: unknown): Promise<unknown> => {
    const fail = async (): Promise<never> => {
      throw error
    }
    try {
      return await keepHeaders({ 'WWW-Authenticate': 'Negotiate x' }, fail)
    } catch (thrown) {
      return thrown
    }
  }

  test('go with the error, after its own', async () => {
    const error = Object.assign(new Error('no'), { headers: { Allow: 'GET' } })
    expect(await failing(error)).toBe(error)
    expect(error.headers).toEqual({ Allow: 'GET', 'WWW-Authenticate': 'Negotiate x' })
    expect(await failing(new Error('no'))).toMatchObject({ headers: { 'WWW-Authenticate': 'Negotiate x' } })
  })

  test('leave alone what cannot carry them', async () => {
    const frozen = Object.freeze(new Error('no'))
    expect(await failing(frozen)).toBe(frozen)
    expect(await failing('text')).toBe('text')
  })

  test('are of no matter when it does not', async () => {
    await expect(keepHeaders({}, async () => 1)).resolves.toBeUndefined()
  })
})
