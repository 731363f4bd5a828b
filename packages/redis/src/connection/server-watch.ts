/**
 * Knows which servers answer, whether they may have forgotten something or been replaced, and how
 * they are set up.
 */

import type { Notice } from '@s4u/krb5'
import type { RedisServer } from '../clients/commands.js'
import { type Examined, Histories, type HistoriesOptions, LOOK_VALID } from './histories.js'
import { RedisError, redisErrorOf } from './redis-error.js'
import { replicationFactsOf } from './replication-facts.js'
import { factsOf, type ServerFacts } from './server-facts.js'
import { noticesOf } from './server-notices.js'
import { withinLimit } from './time-limit.js'

export interface ServerWatchOptions extends HistoriesOptions {
  readonly masters: () => Promise<readonly RedisServer[]>
  /**
   * Runs `question` within the time limit of the store; fails at once while its circuit is open.
   */
  readonly ask: <T>(question: () => Promise<T>) => Promise<T>
  readonly now: () => number
  /** A clock that nobody sets; milliseconds. */
  readonly elapsed: () => number
  /** How long one question may take; milliseconds. */
  readonly timeLimit: number
  readonly onNotice: (notice: Notice) => void
  /** Called when masters begin to lack replicas, and when they have them again. */
  readonly onReplicas: (lacking: RedisError | undefined) => void
}

/**
 * Looks at the masters at the start, once a second as long as there are decisions, and whenever a
 * connection was lost or an answer did not come. Also at a server alone: it may get a replica,
 * which then may take over.
 */
export class ServerWatch {
  /** How far the clock of the server that is furthest ahead is ahead; milliseconds, 0 or more. */
  clockAhead = 0
  readonly #options: ServerWatchOptions
  readonly #histories: Histories
  readonly #told = new Set<string>()
  #last: Examined = { missing: undefined, histories: new Set() }
  #lacking: RedisError | undefined
  #isKnown = false
  #lookedAt = -Infinity
  #looking: Promise<void> | undefined

  constructor(options: ServerWatchOptions) {
    this.#options = options
    this.#histories = new Histories(options)
  }

  /** The next decision waits until the servers have been looked at again. */
  suspect(): void {
    this.#isKnown = false
    this.#looking = undefined
  }

  /** Suspects the servers if `info` is of a master that the last look has not met. */
  compare(info: unknown): void {
    const { history } = replicationFactsOf(info)
    const { histories } = this.#last
    if (history === undefined ? histories.size > 0 : !histories.has(history)) this.suspect()
  }

  /**
   * Returns undefined if the last look still counts, else a promise of another look.
   */
  look(): Promise<void> | undefined {
    const age = this.#options.elapsed() - this.#lookedAt
    if (this.#isKnown && age <= LOOK_VALID) {
      // In the background, so that no decision waits for it.
      if (age > LOOK_VALID / 2) this.#lookAgain().catch(() => {})
      return undefined
    }
    return this.#lookAgain()
  }

  /**
   * @param issuedAt when the client made the token; milliseconds since the epoch
   * @throws RedisError if the masters cannot judge it
   */
  requireJudge(issuedAt: number): void {
    this.requirePresence()
    if (issuedAt <= this.#histories.judgesAfter) throw forgotten()
  }

  /** @throws RedisError while a master may have been replaced by one of its replicas */
  requirePresence(): void {
    if (this.#lacking !== undefined) throw this.#lacking
  }

  /** @throws RedisError while an instance may still believe a master that was replaced */
  requireSettled(): void {
    this.requirePresence()
    if (this.#histories.settlesAt > this.#options.now() + this.clockAhead) throw unsettled()
  }

  /** The histories of the masters that the last look has met. */
  get histories(): ReadonlySet<string> {
    return this.#last.histories
  }

  /** How many replicas the master of this history needs; undefined for one that is not known. */
  neededBy(history: string): number | undefined {
    return this.#histories.neededBy(history)
  }

  /** How long a token that is made now must wait to be judged; milliseconds, 0 or less if not. */
  settlesIn(): number {
    return this.#histories.judgesAfter - this.#options.now() - this.clockAhead
  }

  #lookAgain(): Promise<void> {
    if (this.#looking !== undefined) return this.#looking
    const looking: Promise<void> = this.#lookNow(() => this.#looking === looking).finally(() => {
      if (this.#looking === looking) this.#looking = undefined
    })
    return (this.#looking = looking)
  }

  async #lookNow(isCurrent: () => boolean): Promise<void> {
    const beganAt = this.#options.elapsed()
    const facts = await this.#options.ask(() => this.#factsOfMasters())
    const examined = await this.#histories.examine(facts)
    // What a later look finds counts.
    if (!isCurrent()) return this.look()
    this.#take(facts, examined)
    this.#isKnown = true
    this.#lookedAt = beganAt
  }

  async #factsOfMasters(): Promise<ServerFacts[]> {
    const { masters, now, timeLimit } = this.#options
    const servers = await masters()
    // Half, so that a server that hangs does not use up the time of those that answer.
    const limit = servers.length > 1 ? Math.ceil(timeLimit / 2) : timeLimit
    const answers = await Promise.allSettled(servers.map((server) => withinLimit(limit, () => factsOf(server, now))))
    // One dead master of a cluster must not stop decisions about keys of the others. Its own keys
    // have no answer anyway.
    const facts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const [failed] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
    if (facts.length === 0) throw redisErrorOf(failed ?? new Error('no master is known'))
    return facts
  }

  #take(facts: readonly ServerFacts[], examined: Examined): void {
    this.clockAhead = Math.max(0, ...facts.map(({ clockAhead }) => clockAhead))
    this.#last = examined
    const { missing } = examined
    const wasLacking = this.#lacking !== undefined
    this.#lacking = missing === undefined ? undefined : lackingReplicas(missing.present, missing.needed)
    if (wasLacking !== (missing !== undefined)) this.#options.onReplicas(this.#lacking)
    for (const notice of facts.flatMap((one) => noticesOf(one, this.#options.replicas))) {
      if (this.#told.has(notice.code)) continue
      this.#told.add(notice.code)
      this.#options.onNotice(notice)
    }
  }
}

function lackingReplicas(present: number, needed: number): RedisError {
  return new RedisError(
    `the master of Redis has ${present} of the ${needed} ${needed === 1 ? 'replica' : 'replicas'} that it needs, and may have been replaced`,
    {
      code: 'S4U_REDIS_REPLICAS',
      hint: 'Bring the replica back. If it was taken away for good, set the option replicas of the store to the number that is left.',
    },
  )
}

function unsettled(): RedisError {
  return new RedisError('another master of Redis answers, and instances may still ask the one before', {
    code: 'S4U_REDIS_FORGOT',
    hint: 'Try again ten seconds later.',
  })
}

function forgotten(): RedisError {
  return new RedisError('another master of Redis answers since the token was made, and may not know it', {
    code: 'S4U_REDIS_FORGOT',
    hint: 'Requests that come ten seconds later bring a token that it can judge. If they do not, the clock of the client is behind.',
  })
}
