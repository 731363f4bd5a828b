import { closeOptions, type OptionTableOf } from '@s4u/krb5'
import type { AttemptRule, AttemptStore, TakenAttempt } from '@s4u/negotiate'
import type { Command } from '../clients/commands.js'
import type { RedisClient } from '../clients/redis-client.js'
import { Connection } from '../connection/connection.js'
import { integerOf } from '../connection/integer-of.js'
import { RedisError } from '../connection/redis-error.js'
import { REDIS_OPTIONS, type RedisOptions, redisSettings } from '../connection/redis-options.js'
import { sealsOf, type SharedSecret } from '../sealing/shared-secret.js'
import { SETTLE, TAKE } from './attempt-scripts.js'

/** Options of `redisAttempts`. */
export interface RedisAttemptsOptions extends RedisOptions {
  /**
   * What makes the names of the keys, so that Redis cannot try which users they are of. At least 32
   * random octets, the same ones in all instances: `openssl rand -base64 32`. To change it, give a
   * list: the first one counts. While instances have another first one, each of the two counts by
   * itself, so a user may have twice the attempts.
   */
  readonly secret: SharedSecret
}

/** Every name in RedisAttemptsOptions; others are refused. */
export const REDIS_ATTEMPTS_OPTIONS = {
  ...REDIS_OPTIONS,
  secret: 'value',
} as const satisfies OptionTableOf<RedisAttemptsOptions>

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
 * export function options(client: RedisClient, secret: string): NegotiatorOptions {
 *   const store = redisAttempts(client, { secret })
 *   return { keytab: 'web.keytab', signInOptions: { attempts: { store } } }
 * }
 * ```
 */
export function redisAttempts(client: RedisClient, given: RedisAttemptsOptions): RedisAttempts {
  const { secret, ...rest } = closeOptions(STORE, given, REDIS_ATTEMPTS_OPTIONS)
  const [seal] = sealsOf(STORE, secret)
  const settings = redisSettings(STORE, rest)
  const connection = new Connection(client, 'attempts to sign in', settings)
  const evaluate = (script: string, key: string, { kind }: AttemptRule, ...args: (string | number)[]) => {
    const name = `${settings.prefix}${FORMAT}${kind}:${seal.nameOf(`${kind} ${key}`)}`
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

const STORE = 'redisAttempts'

/**
 * The name and version of the format: the key is a keyed digest of a name or address, the value is
 * a hash of the number of attempts (`n`) and the time when their window began (`since`). They are
 * not sealed, since Redis itself counts: a count that is read, opened and written again by two
 * instances at once would lose one.
 */
const FORMAT = 'attempt:1:'

function takenOf(answer: unknown): TakenAttempt {
  const [allowed, time] = Array.isArray(answer) ? answer.map(integerOf) : []
  if (allowed === 1 && time !== undefined) return { allowed: true, takenAt: time }
  if (allowed === 0 && time !== undefined) return { allowed: false, retryAfter: Math.max(time, 1) }
  throw new RedisError('Redis did not say whether an attempt may be made', { code: 'S4U_REDIS_UNREADABLE' })
}
