import { expect, test } from 'vitest'
import type { RedisClient } from '../clients/redis-client.js'
import { redisAttempts } from './redis-attempts.js'

const RULE = { kind: 'user', limit: 5, window: 1_000, runsFrom: 'first' } as const

/** A client of ioredis whose server answers with this. */
function answering(answer: unknown): RedisClient {
  const call = async () => answer
  return Object({ status: 'ready', call, callBuffer: call, on: () => undefined })
}

const taken = async (answer: unknown) => redisAttempts(answering(answer), { secret: 'x'.repeat(32) }).take('k', RULE)

test.each([
  [[1, 7], { allowed: true, takenAt: 7 }],
  [['1', '7'], { allowed: true, takenAt: 7 }],
  [[0, 30], { allowed: false, retryAfter: 30 }],
  [[0, -1], { allowed: false, retryAfter: 1 }],
])('the answer %j is read', async (answer, expected) => {
  expect(await taken(answer)).toEqual(expected)
})

test.each([null, 'OK', [], [1], [null, null], [1, Object.create(null)], [Object.create(null), 1], [true, 1]])(
  'an answer that is none lets nobody try (%#)',
  async (answer) => {
    await expect(taken(answer)).rejects.toMatchObject({
      ...{ name: 'RedisError', code: 'S4U_REDIS_UNREADABLE', status: 503 },
      message: 'Redis did not say whether an attempt may be made',
    })
  },
)
