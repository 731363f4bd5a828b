import { expect, test } from 'vitest'
import { RedisError, redisErrorOf } from './redis-error.js'

test.each([
  ["READONLY You can't write against a read only replica.", 'READONLY'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'OOM'],
  ['ERR syntax error', 'ERR'],
  ['NOAUTH Authentication required.', 'NOAUTH'],
  ['CLUSTERDOWN', 'CLUSTERDOWN'],
  ['EXECABORT Transaction discarded', 'EXECABORT'],
])('“%s” is what the server said', (message, reply) => {
  const error = redisErrorOf(new Error(message))
  expect(error).toMatchObject({ code: 'S4U_REDIS_REFUSED', reply, status: 503 })
  expect(error.message).toBe(`Redis refused a command: ${message}`)
})

test.each([
  'Connection is closed.',
  'The client is closed',
  'Socket closed unexpectedly',
  'connect ECONNREFUSED 127.0.0.1:6379',
  'ETIMEDOUT',
  'ECONNRESET read',
  'Reached the max retries per request limit (which is 20).',
])('“%s” is of the network', (message) => {
  expect(redisErrorOf(new Error(message))).toMatchObject({ code: 'S4U_REDIS_UNREACHABLE', reply: undefined })
})

test('what Redis repeats of a command is cut', () => {
  const { message } = redisErrorOf(new Error(`ERR unknown command, with args beginning with: ${'k'.repeat(500)}`))
  expect(message.length).toBeLessThan(160)
  expect(message.endsWith('…')).toBe(true)
})

test('an error of ours stays what it is, and what is no error is shown as text', () => {
  const ours = new RedisError('another master', { code: 'S4U_REDIS_FORGOT' })
  expect(redisErrorOf(ours)).toBe(ours)
  expect(redisErrorOf('gone')).toMatchObject({
    message: 'Redis cannot be reached: gone',
    code: 'S4U_REDIS_UNREACHABLE',
  })
})
