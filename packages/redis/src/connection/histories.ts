/** What the masters can vouch for: since when, and whether they have been replaced. */

import { type MissingReplicas, missingReplicas, replicasNeeded } from './replica-rule.js'
import { REPLICA_LAG } from './replication-facts.js'
import type { ServerFacts } from './server-facts.js'

export interface HistoriesOptions {
  /** How many replicas a master has when all is well; undefined where it is not said. */
  readonly replicas: number | undefined
  /**
   * Returns when the first of all instances has seen this history, which is `time` if this is the
   * first one; milliseconds since the epoch.
   */
  readonly firstSeen: (history: string, time: number) => Promise<number>
  /** Returns the most replicas that any instance has seen with this history, and shares ours. */
  readonly mostReplicas: (history: string, seen: number) => Promise<number>
  readonly onAnotherMaster: () => void
}

/** What one look says. */
export interface Examined {
  /** Set while a master may have been replaced. */
  readonly missing: MissingReplicas | undefined
  readonly histories: ReadonlySet<string>
}

/**
 * The histories of data (`master_replid`) that were seen. Replication is asynchronous: a master
 * that takes over, or one that has started again without its data, does not know the last keys that
 * were written. So each begins with a time before which it judges nothing.
 */
export class Histories {
  /**
   * Tokens that were made until then are not judged; milliseconds since the epoch, by the clock of
   * the master. It is one for all instances, while their own clocks may differ.
   */
  judgesAfter = -Infinity
  /**
   * Until then an instance may still believe an old master, by the same clock: `judgesAfter`, but
   * for servers that nobody takes over from.
   */
  settlesAt = -Infinity
  readonly #options: HistoriesOptions
  readonly #known = new Map<string, { most: number | undefined; begins: number | undefined; needed: number }>()
  #replicasSeenAt: number | undefined

  constructor(options: HistoriesOptions) {
    this.#options = options
  }

  /** Returns what one look at all masters says. */
  async examine(masters: readonly ServerFacts[]): Promise<Examined> {
    const isFirst = ![...this.#known.values()].some(({ begins }) => begins !== undefined)
    let missing: MissingReplicas | undefined
    for (const facts of masters) missing = (await this.#examineOne(facts, isFirst)) ?? missing
    const seen = masters.filter(({ replicas }) => replicas > 0).map(({ time }) => time)
    this.#replicasSeenAt = latest(this.#replicasSeenAt, ...seen)
    return { missing, histories: new Set(masters.flatMap((facts) => nameOf(facts) ?? [])) }
  }

  /** How many replicas the master of this history needs; undefined for one that is not known. */
  neededBy(history: string): number | undefined {
    return this.#known.get(history)?.needed
  }

  async #examineOne(facts: ServerFacts, isFirst: boolean): Promise<MissingReplicas | undefined> {
    const name = nameOf(facts)
    const found = name === undefined ? undefined : this.#known.get(name)
    const known = found ?? { most: undefined, begins: undefined, needed: 0 }
    if (name !== undefined && this.#isReplicated(facts) && (facts.replicas > 0 || known.most === undefined))
      known.most = Math.max(known.most ?? 0, await this.#options.mostReplicas(name, facts.replicas))
    if (name !== undefined) this.#known.set(name, known)
    const earlier = { most: known.most ?? 0, lastSeenAt: this.#replicasSeenAt }
    const missing = missingReplicas(facts, this.#options.replicas, earlier)
    known.needed = replicasNeeded(facts, this.#options.replicas, earlier)
    // Before it has its replicas, another master may still have them.
    if (missing !== undefined || name === undefined || known.begins !== undefined) return missing
    const begins = await this.#beginningOf(name, facts, isFirst)
    this.judgesAfter = Math.max(this.judgesAfter, begins)
    const isNews = known.begins === undefined && !isFirst
    known.begins = begins
    if (isNews) this.#options.onAnotherMaster()
    return undefined
  }

  async #beginningOf(name: string, facts: ServerFacts, isFirst: boolean): Promise<number> {
    if (this.#isReplicated(facts)) {
      const begins = (await this.#options.firstSeen(name, facts.time)) + SETTLING
      this.settlesAt = Math.max(this.settlesAt, begins)
      return begins
    }
    // A server without replicas has forgotten all when it starts, and nobody takes over from it.
    return isFirst ? (facts.startedBy ?? -Infinity) : facts.time
  }

  #isReplicated({ replicas, hasBacklog, wasPromoted }: ServerFacts): boolean {
    const { replicas: configured = 0 } = this.#options
    return replicas > 0 || hasBacklog || wasPromoted || configured > 0 || this.#replicasSeenAt !== undefined
  }
}

function latest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

function nameOf({ history, runId }: ServerFacts): string | undefined {
  return history ?? runId
}

/** How long what was found about a master counts; milliseconds. */
export const LOOK_VALID = 1_000

/** The longest wait for a decision: `MAX_TIME_LIMIT`; milliseconds. */
const LAST_ANSWER = 1_500

/** How far the clocks of clients and of the master may differ here; milliseconds. */
const CLOCKS = 3_500

/**
 * Until so long after a new master was first seen with its replicas, an instance may still accept
 * tokens on the old one: it goes by a look that is up to `LOOK_VALID` old, which went by an answer
 * of a replica that is up to `REPLICA_LAG` old. Milliseconds.
 */
export const SETTLING = (REPLICA_LAG + 1) * 1_000 + LOOK_VALID + LAST_ANSWER + CLOCKS
