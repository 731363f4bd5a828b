/**
 * How many replicas a master must have while it decides.
 *
 * While a promoted replica is the new master, the old one may live on and take writes, for some
 * seconds or, in a parted network, for hours. Each of them would accept the same token. Only its
 * replicas can tell a master that it has been replaced: the one that was promoted is not there any
 * more.
 */

import type { ServerFacts } from './server-facts.js'

/** A master that has fewer replicas than it needs. */
export interface MissingReplicas {
  readonly present: number
  readonly needed: number
}

/** What is known of a master, or of those before it, from earlier looks. */
export interface EarlierReplicas {
  /** The most replicas that any instance has seen at once with this history of data. */
  readonly most: number
  /** When any master was last seen with a replica, by its clock; milliseconds since the epoch. */
  readonly lastSeenAt: number | undefined
}

/**
 * Returns how many replicas this master needs.
 *
 * @param configured how many replicas the master has when all is well; undefined where it is not
 * said
 */
export function replicasNeeded(facts: ServerFacts, configured: number | undefined, earlier: EarlierReplicas): number {
  return configured === undefined ? replicasToExpect(facts, earlier) : majorityWith(configured)
}

/** The same parameters; undefined where none is missing. */
export function missingReplicas(
  ...[facts, configured, earlier]: Parameters<typeof replicasNeeded>
): MissingReplicas | undefined {
  const needed = replicasNeeded(facts, configured, earlier)
  return facts.present < needed ? { present: facts.present, needed } : undefined
}

/**
 * With the master they are a majority of all servers. Two masters cannot both have one, whichever
 * replica was promoted and wherever the others went.
 */
function majorityWith(replicas: number): number {
  return Math.floor((replicas + 1) / 2)
}

/** All that it has had: one of them is the one that was promoted. */
function replicasToExpect(facts: ServerFacts, { most, lastSeenAt }: EarlierReplicas): number {
  // A master of a cluster that is parted from the others stops by itself.
  if (facts.isOfCluster) return facts.replicas
  // One that has come back, and does not know yet that it has been replaced.
  const startedLater = lastSeenAt !== undefined && (facts.startedBy ?? Infinity) > lastSeenAt
  return Math.max(most, facts.replicas, startedLater ? 1 : 0)
}
