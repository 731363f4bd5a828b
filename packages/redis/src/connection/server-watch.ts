/**
 * Knows which servers answer, whether they may have forgotten something, and how they are set up.
 */

import type { Notice } from '@s4u/krb5'
import type { RedisServer } from '../clients/commands.js'
import { redisErrorOf } from './redis-error.js'
import { factsOf, type ServerFacts } from './server-facts.js'
import { withinLimit } from './time-limit.js'

export interface ServerWatchOptions {
  readonly masters: () => Promise<readonly RedisServer[]>
  /**
   * Runs `question` within the time limit of the store; fails at once while its circuit is open.
   */
  readonly ask: (question: () => Promise<void>) => Promise<void>
  readonly now: () => number
  /** How long one server may take; milliseconds. */
  readonly timeLimit: number
  readonly onNotice: (notice: Notice) => void
  readonly onAnotherMaster: () => void
}

/**
 * Looks at the masters at the start, and again whenever a connection was lost or an answer did not
 * come. Replication is asynchronous: a master that takes over, or one that has started again
 * without its data, does not know the last keys that were written. A `run_id` that was not seen
 * before gives such a master away.
 */
export class ServerWatch {
  /**
   * When a master was first seen that had not been there before; milliseconds since the epoch, by
   * the clock of that master. It is one for all instances, while their own clocks may differ.
   */
  anotherMasterSince = -Infinity
  /** How far the clock of the server that is furthest ahead is ahead; milliseconds, 0 or more. */
  clockAhead = 0
  readonly #options: ServerWatchOptions
  readonly #runIds = new Set<string>()
  readonly #told = new Set<string>()
  #isKnown = false
  #looking: Promise<void> | undefined

  constructor(options: ServerWatchOptions) {
    this.#options = options
  }

  /** The next decision waits until the servers have been looked at again. */
  suspect(): void {
    this.#isKnown = false
    this.#looking = undefined
  }

  /**
   * Returns undefined if nothing has changed since the last look, else a promise of another look.
   */
  look(): Promise<void> | undefined {
    if (this.#isKnown) return undefined
    if (this.#looking !== undefined) return this.#looking
    const { ask } = this.#options
    const looking: Promise<void> = ask(() => this.#lookNow(() => this.#looking === looking)).finally(() => {
      if (this.#looking === looking) this.#looking = undefined
    })
    return (this.#looking = looking)
  }

  async #lookNow(isCurrent: () => boolean): Promise<void> {
    const { masters, now, timeLimit } = this.#options
    const answers = await Promise.allSettled(
      (await masters()).map((server) => withinLimit(timeLimit, () => factsOf(server, now))),
    )
    // One dead master of a cluster must not stop decisions about keys of the others. Its own keys
    // have no answer anyway.
    const facts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const [failed] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
    if (facts.length === 0) throw redisErrorOf(failed ?? new Error('no master is known'))
    this.#take(facts)
    if (isCurrent()) this.#isKnown = true
  }

  #take(facts: readonly ServerFacts[]): void {
    const isFirst = this.#runIds.size === 0
    const unknown = facts.filter(({ runId }) => runId !== undefined && !this.#runIds.has(runId))
    for (const { runId } of unknown) if (runId !== undefined) this.#runIds.add(runId)
    if (unknown.length > 0 && !isFirst) {
      // An instance whose clock is behind would otherwise judge tokens from before the failover.
      this.anotherMasterSince = this.#options.now() + Math.max(...unknown.map(({ clockAhead }) => clockAhead))
      this.#options.onAnotherMaster()
    }
    this.clockAhead = Math.max(0, ...facts.map(({ clockAhead }) => clockAhead))
    for (const notice of facts.flatMap(noticesOf)) {
      if (this.#told.has(notice.code)) continue
      this.#told.add(notice.code)
      this.#options.onNotice(notice)
    }
  }
}

/**
 * A larger difference of the clocks causes a warning; milliseconds. Clocks that are kept by NTP
 * differ by much less, and Kerberos allows five minutes in all.
 */
const CLOCK_TOLERANCE = 5_000

function noticesOf({ runId, evictionPolicy, maxMemory, clockAhead }: ServerFacts): Notice[] {
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
  if (runId === undefined)
    warn(
      'S4U_REDIS_RUN_ID',
      'Redis does not say which server it is, so that a failover is not noticed',
      'Permit the user of this client the command INFO (ACL SETUSER … +info).',
    )
  return notices
}
