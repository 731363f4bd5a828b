/** What the instances tell each other about masters, in Redis itself. */

import type { RedisCommands } from '../clients/commands.js'
import type { HistoriesOptions } from './histories.js'
import { integerOf } from './integer-of.js'

/** Asks Redis something within the time limit of the store. */
type Ask = (question: (commands: RedisCommands) => Promise<number>) => Promise<number>

/**
 * An instance that starts later goes by the time of the first one that saw a master, and not by its
 * own; and it knows of a replica that has gone.
 */
export function sharedHistories(prefix: string, ask: Ask): Pick<HistoriesOptions, 'firstSeen' | 'mostReplicas'> {
  return {
    firstSeen(history, time) {
      const key = `${prefix}${FORMAT}${history}`
      return ask(async (commands) => {
        if ((await commands.run(key, ['SET', key, String(time), 'NX', 'PX', KEPT])) === 'OK') return time
        return integerOf(await commands.run(key, ['GET', key])) ?? time
      })
    },
    mostReplicas(history, seen) {
      const key = `${prefix}${FORMAT}${history}:replicas`
      return ask(async (commands) => {
        const most = integerOf(await commands.run(key, ['GET', key])) ?? 0
        // If two do it at once and the lesser one stays, the next look of the other mends it.
        if (seen > most) await commands.run(key, ['SET', key, String(seen), 'PX', KEPT])
        return Math.max(most, seen)
      })
    },
  }
}

/** The name and version of the format: the key is `master_replid`, the value is a number. */
const FORMAT = 'history:1:'

/**
 * 30 days, in milliseconds. The time of a master counts as long as there are tokens from before it:
 * an instance that finds none after this goes by its own.
 */
const KEPT = String(30 * 86_400_000)
