import { expect, test } from 'vitest'
import { missingReplicas } from './replica-rule.js'
import type { ServerFacts } from './server-facts.js'

const NEW = { most: 0, lastSeenAt: undefined }

/** A master that was started long ago and has never had a replica. */
function master(facts: Partial<ServerFacts>): ServerFacts {
  return {
    ...{ history: 'one', runId: 'run', isOfCluster: false, evictionPolicy: 'noeviction', maxMemory: 0 },
    ...{ time: 1_000_000, clockAhead: 0, startedBy: 1_000, wasPromoted: false, hasBacklog: false },
    ...{ replicas: 0, present: 0, offset: 0, replicaOffsets: [], ...facts },
  }
}

test.each([
  [0, 0],
  [1, 1],
  [2, 1],
  [3, 2],
  [4, 2],
  [5, 3],
])('with %d replicas, %d of them and the master are a majority', (configured, needed) => {
  const enough = master({ replicas: configured, present: needed })
  expect(missingReplicas(enough, configured, NEW)).toBeUndefined()
  const lacking = master({ replicas: configured, present: needed - 1 })
  if (needed > 0) expect(missingReplicas(lacking, configured, NEW)).toEqual({ present: needed - 1, needed })
})

test.each<[string, Partial<ServerFacts>, { most: number; lastSeenAt: number | undefined }, number | undefined]>([
  ['a server alone needs none', {}, NEW, undefined],
  ['one that is there', { replicas: 1, present: 1 }, NEW, undefined],
  ['one that does not answer', { replicas: 1, present: 0 }, NEW, 1],
  ['one that was there', { hasBacklog: true }, { most: 1, lastSeenAt: 999_000 }, 1],
  ['one of two that were there', { replicas: 1, present: 1 }, { most: 2, lastSeenAt: 999_000 }, 2],
  ['one that came and went unseen, as a backup does', { hasBacklog: true }, NEW, undefined],
  ['a promoted one needs none of its own', { wasPromoted: true }, { most: 0, lastSeenAt: 999_000 }, undefined],
  [
    'one that has started since replicas were seen, which may have been replaced meanwhile',
    { startedBy: 999_500, wasPromoted: true },
    { most: 0, lastSeenAt: 999_000 },
    1,
  ],
  ['one that does not say when it started', { startedBy: undefined }, { most: 0, lastSeenAt: 999_000 }, 1],
  ['a master of a cluster stops by itself', { isOfCluster: true }, { most: 1, lastSeenAt: 999_000 }, undefined],
  ['a master of a cluster whose replica does not answer', { isOfCluster: true, replicas: 1 }, NEW, 1],
])('where it is not said how many: %s', (_what, facts, earlier, needed) => {
  const { present } = master(facts)
  expect(missingReplicas(master(facts), undefined, earlier)).toEqual(
    needed === undefined ? undefined : { present, needed },
  )
})
