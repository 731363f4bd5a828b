/** Waits until the replicas have what was written, so that the one that takes over has it too. */

import { RedisError } from './redis-error.js'
import { type ReplicationFacts, replicationFactsOf } from './replication-facts.js'

export interface ReplicatedOptions {
  /** Returns what all masters answer to `INFO replication`; undefined where it is forbidden. */
  readonly infoOfMasters: () => Promise<readonly unknown[]>
  /** Has the master ask its replicas how far they are, if it can. */
  readonly askReplicas: () => Promise<unknown>
  /**
   * How many replicas the master of a history needs; undefined for one that was not there when it
   * was written, and may not have it.
   */
  readonly neededBy: (history: string) => number | undefined
  /** A clock that nobody sets; milliseconds. */
  readonly elapsed: () => number
}

/**
 * Goes by what the master says that its replicas have read. `WAIT` says it too, but of the last
 * write of its connection: after the client has connected again it counts replicas that have not
 * read it, and it holds up all other commands of the connection.
 *
 * @throws RedisError S4U_REDIS_REPLICAS if they do not have it in time
 */
export async function untilReplicated({
  infoOfMasters,
  askReplicas,
  neededBy,
  elapsed,
}: ReplicatedOptions): Promise<void> {
  const end = elapsed() + REPLICATED_WITHIN
  let written: ReadonlyMap<string, number> | undefined
  while (elapsed() < end) {
    const masters = await infoOfMasters().then(
      (answers) => answers.map(replicationFactsOf),
      () => undefined,
    )
    const isFirst = written === undefined
    written ??= masters && new Map(masters.map(({ history = '', offset = 0 }) => [history, offset]))
    if (masters?.every((master) => hasReplicated(master, { written, neededBy }))) return
    // Not before, since the question itself is a part of what is written.
    if (isFirst) await askReplicas().catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
  }
  throw notReplicated()
}

interface Expected {
  /** How far each history was written when the wait began. */
  readonly written: ReadonlyMap<string, number> | undefined
  readonly neededBy: (history: string) => number | undefined
}

function hasReplicated({ history, replicaOffsets }: ReplicationFacts, { written, neededBy }: Expected): boolean {
  // A server that does not tell: see the rights in the README.
  if (history === undefined) return true
  const [offset, needed] = [written?.get(history), neededBy(history)]
  if (offset === undefined || needed === undefined) return false
  return replicaOffsets.filter((read) => read >= offset).length >= needed
}

/**
 * Replicas say once a second how far they have read, and at once when they are asked. Milliseconds.
 */
const REPLICATED_WITHIN = 2_500
/** How often is looked meanwhile; milliseconds. A replica that was asked answers within a few. */
const LOOK_EVERY = 20

function notReplicated(): RedisError {
  return new RedisError('the replicas of Redis did not say in time that they have it', {
    code: 'S4U_REDIS_REPLICAS',
    hint: 'Try again. If it fails again: bring the replica back, or set the option replicas of the store to the number that is left.',
  })
}
