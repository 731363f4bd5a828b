import { expect, test } from 'vitest'
import { factsOf } from './server-facts.js'

/** A server that answers INFO and TIME with these. */
const answering = (info: unknown, time: unknown) => ({
  run: async ([name]: readonly unknown[]) => (name === 'TIME' ? time : info),
})

test('a server says what it is', async () => {
  const info = 'run_id:abc\r\nmaxmemory:1024\r\nmaxmemory_policy:noeviction\r\n'
  expect(await factsOf(answering(info, ['2', '500000']), () => 1_000)).toEqual({
    ...{ runId: 'abc', maxMemory: 1_024, evictionPolicy: 'noeviction', clockAhead: 1_500 },
  })
})

test.each([
  ['no text and no times', Object.create(null), [Object.create(null), '1']],
  ['microseconds that are no number', null, ['2', 'x']],
  ['a memory that is no number', 'maxmemory:all', null],
])('of %s nothing is known, and its clock counts as ours', async (_what, info, time) => {
  expect(await factsOf(answering(info, time), () => 1_000)).toEqual({
    ...{ runId: undefined, maxMemory: 0, evictionPolicy: undefined, clockAhead: 0 },
  })
})
