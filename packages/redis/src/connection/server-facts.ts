import type { RedisServer } from '../clients/commands.js'
import { undefinedIfForbidden } from '../clients/forbidden.js'
import { integerOf } from './integer-of.js'
import { infoLines, type ReplicationFacts, replicationFactsOf } from './replication-facts.js'

/** What a server says of itself. */
export interface ServerFacts extends ReplicationFacts {
  /** Another one after each start of the server. Undefined where it is not told. */
  readonly runId: string | undefined
  /** Whether it is one of a cluster. */
  readonly isOfCluster: boolean
  /** `noeviction`, `allkeys-lru` …; undefined where it is not told. */
  readonly evictionPolicy: string | undefined
  /** Octets; 0 is no limit. */
  readonly maxMemory: number
  /** Its clock; milliseconds since the epoch. Ours, where it does not tell. */
  readonly time: number
  /** How far its clock is ahead of ours; milliseconds, up to a round trip too much. */
  readonly clockAhead: number
  /**
   * By when it had started, by its clock, up to a second too late; milliseconds since the epoch.
   * Undefined where it is not told.
   */
  readonly startedBy: number | undefined
}

/**
 * Asks a server for the facts that the stores depend on, in one round trip. `INFO` says the policy
 * also where a managed service forbids `CONFIG GET`. A server that forbids `INFO` too is no error.
 */
export async function factsOf(server: RedisServer, now: () => number): Promise<ServerFacts> {
  const before = now()
  const info = (section: string): Promise<unknown> => server.run(['INFO', section]).catch(undefinedIfForbidden)
  const [ofServer, ofMemory, ofReplication, answered] = await Promise.all([
    info('server').then(infoLines),
    info('memory').then(infoLines),
    info('replication'),
    server.run(['TIME']).catch(undefinedIfForbidden),
  ])
  const time = millisecondsOf(answered) ?? before
  const uptime = integerOf(ofServer.get('uptime_in_seconds'))
  return {
    ...replicationFactsOf(ofReplication),
    runId: ofServer.get('run_id'),
    isOfCluster: ofServer.get('redis_mode') === 'cluster',
    evictionPolicy: ofMemory.get('maxmemory_policy'),
    maxMemory: integerOf(ofMemory.get('maxmemory')) ?? 0,
    time,
    clockAhead: time - before,
    // Redis counts whole seconds, so it may have started up to one later than the difference says.
    startedBy: uptime === undefined ? undefined : (Math.floor(time / 1_000) - uptime + 1) * 1_000,
  }
}

/** The answer of `TIME`: seconds and microseconds, as texts. */
function millisecondsOf(answer: unknown): number | undefined {
  if (!Array.isArray(answer) || answer.length !== 2) return undefined
  const [seconds, microseconds] = answer.map(integerOf)
  if (seconds === undefined || microseconds === undefined) return undefined
  return seconds * 1_000 + Math.floor(microseconds / 1_000)
}
