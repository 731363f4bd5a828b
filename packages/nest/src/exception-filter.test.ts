import 'reflect-metadata'
import { ConfigurationError } from '@s4u/negotiate'
import { HttpException, Logger } from '@nestjs/common'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import { lastValueFrom } from 'rxjs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ChallengeException } from './challenge-exception.js'
import { S4uExceptionFilter } from './exception-filter.js'

const filter = new S4uExceptionFilter()
const refused = new ConfigurationError('the keytab /etc/web.keytab is missing', { hint: 'Make it.' })
const challenge = { status: 'challenge', statusCode: 401, headers: {}, body: 'Sign in.\n' } as const
const logged = vi.fn<(text: string) => void>()

beforeEach(() => void vi.spyOn(Logger.prototype, 'error').mockImplementation(logged))
afterEach(() => {
  vi.restoreAllMocks()
  logged.mockReset()
})

function hostOf(kind: string): ExecutionContextHost {
  const host = new ExecutionContextHost([])
  host.setType(kind)
  return host
}

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test.each(['graphql', 'ws', 'rpc'])('a challenge outside http goes on to Nest: %s', (kind) => {
  const exception = new ChallengeException(challenge)
  expect(thrownBy(() => filter.catch(exception, hostOf(kind)))).toBe(exception)
  expect(logged).not.toHaveBeenCalled()
})

test('an error for a message of a microservice is answered by its name alone', async () => {
  const answer = filter.catch(refused, hostOf('rpc'))
  if (answer === undefined) throw new Error('no answer')
  await expect(lastValueFrom(answer)).rejects.toEqual({ status: 'error', message: 'Internal Server Error' })
  expect(logged.mock.calls).toEqual([[`${refused.code}: the keytab /etc/web.keytab is missing\nMake it.`]])
})

test.each(['graphql', 'ws'])('an error in %s is thrown with its name alone, and logged whole', (kind) => {
  const thrown = thrownBy(() => filter.catch(refused, hostOf(kind)))
  if (!(thrown instanceof HttpException)) throw new Error('expected an HttpException')
  expect([thrown.getStatus(), thrown.message, thrown.cause]).toEqual([500, 'Internal Server Error', undefined])
  expect(logged).toHaveBeenCalledOnce()
})
