import type { Notice } from '@s4u/krb5'
import type { ServerFacts } from './server-facts.js'

/**
 * A larger difference of the clocks causes a warning; milliseconds. Clocks that are kept by NTP
 * differ by much less, and Kerberos allows five minutes in all.
 */
const CLOCK_TOLERANCE = 5_000

/**
 * Returns what is set up wrongly on a server.
 * @param configured the option `replicas` of the store
 */
export function noticesOf(facts: ServerFacts, configured: number | undefined): Notice[] {
  const { evictionPolicy, maxMemory, clockAhead, replicas } = facts
  const notices: Notice[] = []
  const warn = (code: string, message: string, hint: string): void =>
    void notices.push({ kind: 'notice', level: 'warn', code, message, hint })
  if (maxMemory > 0 && evictionPolicy !== undefined && evictionPolicy !== 'noeviction')
    warn(
      'S4U_REDIS_EVICTION',
      `Redis drops keys when its memory is full (maxmemory-policy ${evictionPolicy}): a token whose key was dropped can be replayed`,
      'Set maxmemory-policy to noeviction: in redis.conf, or with CONFIG SET maxmemory-policy noeviction.',
    )
  if (Math.abs(clockAhead) > CLOCK_TOLERANCE)
    warn(
      'S4U_REDIS_CLOCK',
      `the clock of Redis is ${Math.round(Math.abs(clockAhead) / 1_000)} s ${clockAhead > 0 ? 'ahead of' : 'behind'} that of this machine`,
      'Have both machines keep their time by NTP (chrony, systemd-timesyncd).',
    )
  if ((facts.history ?? facts.runId) === undefined)
    warn(
      'S4U_REDIS_RUN_ID',
      'Redis does not say which server it is, so that a failover is not noticed',
      'Permit the user of this client the command INFO (ACL SETUSER … +info).',
    )
  if (configured === undefined && replicas > 1 && !facts.isOfCluster)
    warn(
      'S4U_REDIS_REPLICA_COUNT',
      `Redis has ${replicas} replicas, and tokens are refused while any of them is away`,
      `Set replicas of redisReplayStore to ${replicas}: then a majority is enough.`,
    )
  return notices
}
