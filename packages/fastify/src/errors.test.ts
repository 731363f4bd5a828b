import { ConfigurationError, RejectedTokenError, type S4uError } from '@s4u/negotiate'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { describe, expect, test, vi } from 'vitest'
import { errorHandler } from './errors.js'

const refusal = (): S4uError => new RejectedTokenError('alice may not', { code: 'SEC_E_LOGON_DENIED', status: 403 })

describe('the handler of errors', () => {
  const run = (error: unknown) => {
    const reply = { code: vi.fn(), type: vi.fn(), send: vi.fn() }
    for (const method of [reply.code, reply.type]) method.mockReturnValue(reply)
    const [onError, request] = [vi.fn(), {} as FastifyRequest]
    errorHandler({ onError })(error, request, reply as unknown as FastifyReply)
    return { reply, onError, request }
  }

  test('answers an error of s4u with its status and nothing of its message, which is for the log', () => {
    const error = refusal()
    const { reply, onError, request } = run(error)
    expect(reply.code).toHaveBeenCalledWith(403)
    expect(reply.send).toHaveBeenCalledExactlyOnceWith('Forbidden\n')
    expect(onError).toHaveBeenCalledExactlyOnceWith(error, request)
  })

  test('answers one that knows no status, as an older copy makes them, with 500', () => {
    const error = Object.defineProperty(refusal(), 'status', { value: undefined })
    expect(run(error).reply.code).toHaveBeenCalledWith(500)
  })

  test('hands on every other error', () => {
    const bug = new TypeError('a bug')
    const { reply, onError } = run(bug)
    expect(reply.send).toHaveBeenCalledExactlyOnceWith(bug)
    expect(reply.code).not.toHaveBeenCalled()
    expect(onError).not.toHaveBeenCalled()
  })

  test('takes no other options', () => {
    for (const wrong of [{ onerror: () => {} }, { onError: 'log' }])
      expect(() => errorHandler(wrong as object)).toThrow(ConfigurationError)
  })

  test('writes what it answers to the log of the request, unless told otherwise', () => {
    const reply = { code: () => reply, type: () => reply, send: () => reply }
    const log = { error: vi.fn() }
    const error = refusal()
    errorHandler()(error, { log } as unknown as FastifyRequest, reply as unknown as FastifyReply)
    expect(log.error).toHaveBeenCalledExactlyOnceWith(error)
  })
})
