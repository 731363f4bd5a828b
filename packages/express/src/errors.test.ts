import { ConfigurationError, RejectedTokenError, type S4uError } from '@s4u/negotiate'
import type { NextFunction, Request, Response } from 'express'
import { describe, expect, test, vi } from 'vitest'
import { asyncHandler, errorHandler } from './errors.js'

const refusal = (): S4uError => new RejectedTokenError('alice may not', { code: 'SEC_E_LOGON_DENIED', status: 403 })

describe('the handler of errors', () => {
  const run = (error: unknown, headersSent = false) => {
    const response = { headersSent, status: vi.fn(), type: vi.fn(), send: vi.fn() }
    for (const method of [response.status, response.type]) method.mockReturnValue(response)
    const [onError, next, request] = [vi.fn(), vi.fn(), {} as Request]
    errorHandler({ onError })(error, request, response as unknown as Response, next)
    return { response, onError, next, request }
  }

  test('answers an error of s4u with its status and nothing of its message, which is for the log', () => {
    const error = refusal()
    const { response, onError, next, request } = run(error)
    expect(response.status).toHaveBeenCalledWith(403)
    expect(response.send).toHaveBeenCalledWith('Forbidden\n')
    expect(onError).toHaveBeenCalledExactlyOnceWith(error, request)
    expect(next).not.toHaveBeenCalled()
  })

  test('answers one that knows no status, as an older copy makes them, with 500', () => {
    const error = Object.defineProperty(refusal(), 'status', { value: undefined })
    expect(run(error).response.status).toHaveBeenCalledWith(500)
  })

  test('hands on every other error, and one that comes after the response has begun', () => {
    const bug = new TypeError('a bug')
    expect(run(bug).next).toHaveBeenCalledExactlyOnceWith(bug)
    const late = refusal()
    const { response, next, onError } = run(late, true)
    expect(next).toHaveBeenCalledExactlyOnceWith(late)
    expect(response.send).not.toHaveBeenCalled()
    expect(onError).not.toHaveBeenCalled()
  })

  test('takes no other options', () => {
    for (const wrong of [{ onerror: () => {} }, { onError: 'log' }])
      expect(() => errorHandler(wrong as object)).toThrow(ConfigurationError)
  })

  test('logs what it answers, unless told otherwise', () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    try {
      const response = { status: () => response, type: () => response, send: () => response }
      const error = refusal()
      errorHandler()(error, {} as Request, response as unknown as Response, vi.fn())
      expect(log).toHaveBeenCalledExactlyOnceWith(error)
    } finally {
      log.mockRestore()
    }
  })
})

describe('an asynchronous handler', () => {
  const run = (handler: Parameters<typeof asyncHandler>[0], next: NextFunction) =>
    asyncHandler(handler)({} as Request, {} as Response, next)

  test('hands on what it rejects with, and nothing when it does not', async () => {
    const next = vi.fn()
    const error = refusal()
    run(async () => Promise.reject(error), next)
    await new Promise((resolve) => setImmediate(resolve))
    expect(next).toHaveBeenCalledExactlyOnceWith(error)
    run(async () => 'done', next)
    run(() => 'done', next)
    await new Promise((resolve) => setImmediate(resolve))
    expect(next).toHaveBeenCalledOnce()
  })

  test('leaves to Express what it throws at once', () => {
    const next = vi.fn()
    expect(() =>
      run(() => {
        throw new TypeError('a bug')
      }, next),
    ).toThrow('a bug')
    expect(next).not.toHaveBeenCalled()
  })
})
