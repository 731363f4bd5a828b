import type { ParameterizedContext } from 'koa'
import { EventEmitter } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { keepHeadersOnError, respondWith } from './respond.js'

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
  /** What is left of Koa's own `onerror`. */
  const failing = (headers: Record<string, string>) => {
    const sent = new Map<string, unknown>([['x-of-the-handler', '1']])
    const writeHead = vi.fn()
    const res = {
      headersSent: false,
      writeHead,
      getHeader: (name: string) => sent.get(name),
      setHeader: (name: string, value: unknown) => void sent.set(name, value),
    }
    const onerror = vi.fn((error: { headers?: object } | null) => {
      if (error === null || res.headersSent) return
      sent.clear()
      for (const [name, value] of Object.entries(error.headers ?? {})) sent.set(name, value)
      res.writeHead(500)
      res.headersSent = true
    })
    const ctx = { res, onerror } as unknown as ParameterizedContext
    keepHeadersOnError(ctx, headers)
    return { ctx, sent, writeHead, onerror }
  }

  test('stand next to those of the error, which stays as it was', () => {
    const error = Object.freeze(Object.assign(new Error('no'), { headers: Object.freeze({ Allow: 'GET' }) }))
    const { ctx, sent, writeHead, onerror } = failing({ 'WWW-Authenticate': 'Negotiate x' })
    ctx.onerror(error)
    expect(Object.fromEntries(sent)).toEqual({ Allow: 'GET', 'WWW-Authenticate': 'Negotiate x' })
    expect(onerror).toHaveBeenCalledWith(error)
    expect(onerror.mock.contexts).toEqual([ctx])
    expect(writeHead).toHaveBeenCalledExactlyOnceWith(500)
  })

  test('are of no matter when it does not, or fails after the response has begun', () => {
    const { ctx, sent, writeHead, onerror } = failing({ 'WWW-Authenticate': 'Negotiate x' })
    ctx.onerror(null as unknown as Error)
    ctx.onerror(new Error('first'))
    ctx.onerror(new Error('second'))
    expect(onerror).toHaveBeenCalledTimes(3)
    expect(writeHead).toHaveBeenCalledOnce()
    expect(sent.size).toBe(1)
  })

  test('change nothing about Koa where there are none', () => {
    const { ctx, onerror } = failing({})
    expect(ctx.onerror).toBe(onerror)
  })
})
