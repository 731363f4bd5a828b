import { expect, test } from 'vitest'
import { factsOf } from './server-facts.js'

/** A server that answers INFO and TIME with these. */
const answering = (info: unknown, time: unknown) => ({
  run: async ([name]: readonly unknown[]) => (name === 'TIME' ? time : info),
})

/** What is known of replicas where nothing is said. */
const ALONE = {
  ...{ history: undefined, wasPromoted: false, hasBacklog: false, replicas: 0, present: 0 },
  ...{ offset: undefined, replicaOffsets: [] },
}

test('a server says what it is', async () => {
  const lines = ['run_id:abc', 'redis_mode:cluster', 'uptime_in_seconds:1', 'maxmemory:1024']
  const info = [...lines, 'maxmemory_policy:noeviction', 'master_replid:def', ''].join('\r\n')
  expect(await factsOf(answering(info, ['2', '500000']), () => 1_000)).toEqual({
    ...{ ...ALONE, history: 'def', runId: 'abc', isOfCluster: true, maxMemory: 1_024 },
    ...{ evictionPolicy: 'noeviction', time: 2_500, clockAhead: 1_500, startedBy: 2_000 },
  })
})

test.each([
  ['no text and no times', Object.create(null), [Object.create(null), '1']],
  ['microseconds that are no number', null, ['2', 'x']],
  ['a memory that is no number', 'maxmemory:all', null],
])('of %s nothing is known, and its clock counts as ours', async (_what, info, time) => {
  expect(await factsOf(answering(info, time), () => 1_000)).toEqual({
    ...{ ...ALONE, runId: undefined, isOfCluster: false, maxMemory: 0, evictionPolicy: undefined },
    ...{ time: 1_000, clockAhead: 0, startedBy: undefined },
  })
})
