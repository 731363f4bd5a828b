import { expect, test } from 'vitest'
import { commandsOf } from '../clients/commands-of.js'
import { redisSettings } from './redis-options.js'

test.each<[object, string]>([
  [{ prefix: '' }, 'redisReplayStore: prefix must be a text of 1 to 64 characters'],
  [{ prefix: 'p'.repeat(65) }, 'redisReplayStore: prefix must be a text of 1 to 64 characters'],
  [{ timeLimit: 9 }, 'redisReplayStore: timeLimit must be a whole number from 10 to 1500, not 9'],
  [{ timeLimit: 1_501 }, 'redisReplayStore: timeLimit must be a whole number from 10 to 1500, not 1501'],
  [{ failures: 0 }, 'redisReplayStore: failures must be a whole number from 1 to 1000, not 0'],
  [{ pause: 0.5 }, 'redisReplayStore: pause must be a whole number from 10 to 60000, not 0.5'],
  [{ Prefix: 'x' }, 'redisReplayStore: "Prefix" is not an option; did you mean "prefix"?'],
])('%j is refused', (options, message) => {
  expect(() => redisSettings('redisReplayStore', options)).toThrow(message)
})

test.each([
  undefined,
  null,
  'redis://127.0.0.1',
  {},
  { status: 'ready' },
  { isReady: true, sendCommand: () => {} },
  [],
])('what is no client of these libraries is refused, with those that are: %j', (client) => {
  expect(() => commandsOf(client)).toThrow(/^this is no client of Redis that is known/)
})
