import type { AttemptRule, AttemptStore, TakenAttempt } from '@s4u/negotiate'
import type { Command } from '../clients/commands.js'
import type { RedisClient } from '../clients/redis-client.js'
import { Connection } from '../connection/connection.js'
import { integerOf } from '../connection/integer-of.js'
import { RedisError } from '../connection/redis-error.js'
import { type RedisOptions, redisSettings } from '../connection/redis-options.js'
import { SETTLE, TAKE } from './attempt-scripts.js'

/** Attempts to sign in, counted for all instances. */
export interface RedisAttempts extends AttemptStore {
  take(key: string, rule: AttemptRule): Promise<TakenAttempt>
  settle(key: string, rule: AttemptRule, takenAt: number, outcome: 'failed' | 'spared'): Promise<void>
}

/**
 * Returns a store of attempts to sign in that the instances of a service share, for
 * `signInOptions.attempts.store` of a negotiator. The directory counts the wrong passwords of all
 * instances together, so that a lockout is near sooner than any of them knows by itself.
 *
 * If Redis does not answer, nobody signs in with a password (503). Callers with tickets, and those
 * who are known by a session, do not notice.
 *
 * The app connects the client, listens to its `error` event, and closes it.
 *
 * @param client a client of `redis` or `ioredis`, version 5 or newer
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import type { NegotiatorOptions } from '@s4u/negotiate'
 * import { type RedisClient, redisAttempts } from '@s4u/redis'
 *
 * export function options(client: RedisClient): NegotiatorOptions {
 *   return { keytab: 'web.keytab', signInOptions: { attempts: { store: redisAttempts(client) } } }
 * }
 * ```
 */
export function redisAttempts(client: RedisClient, options?: RedisOptions): RedisAttempts {
  const settings = redisSettings('redisAttempts', options)
  const connection = new Connection(client, 'attempts to sign in', settings)
  const evaluate = (script: string, key: string, { kind }: AttemptRule, ...args: (string | number)[]) => {
    const name = `${settings.prefix}${FORMAT}${kind}:${key}`
    const command: Command = ['EVAL', script, '1', name, ...args.map(String)]
    return connection.run(name, command)
  }
  return {
    async take(key, rule) {
      return takenOf(await evaluate(TAKE, key, rule, rule.limit, Math.ceil(rule.window)))
    },
    async settle(key, rule, takenAt, outcome) {
      await evaluate(SETTLE, key, rule, outcome, rule.runsFrom, Math.ceil(rule.window), takenAt)
    },
  }
}

/**
 * The name and version of the format: the key is a digest of a name or address, the value is a hash
 * of the number of attempts (`n`) and the time when their window began (`since`).
 */
const FORMAT = 'attempt:1:'

function takenOf(answer: unknown): TakenAttempt {
  const [allowed, time] = Array.isArray(answer) ? answer.map(integerOf) : []
  if (allowed === 1 && time !== undefined) return { allowed: true, takenAt: time }
  if (allowed === 0 && time !== undefined) return { allowed: false, retryAfter: Math.max(time, 1) }
  throw new RedisError('Redis did not say whether an attempt may be made', { code: 'S4U_REDIS_UNREADABLE' })
}
