import { closeOptions, ConfigurationError, type Logger, type Notice, type OptionTableOf, shownInput } from '@s4u/krb5'

/** Options of every store. */
export interface RedisOptions {
  /**
   * The beginning of every key. Default: `s4u:`. Services that share a Redis and have different
   * keytabs need different ones. Example: `'web:'`. In a cluster, do not put braces around it: all
   * keys would lie on one server.
   */
  readonly prefix?: string
  /**
   * The longest wait for one answer of Redis; milliseconds, from 10 to 1,500. Default: 250. The
   * limits of the client are not relied upon.
   */
  readonly timeLimit?: number
  /**
   * After how many questions in a row without an answer Redis is not asked for a while. Default: 5.
   */
  readonly failures?: number
  /** How long Redis is not asked then; milliseconds. Default: 1,000. */
  readonly pause?: number
  /**
   * Gets a line when Redis stops answering, answers again, or is set up wrongly. Example:
   * `console`. Default: none; the first of each kind is a warning of the process.
   */
  readonly logger?: Logger
  /** Called with the same as values, for counters. Default: none. */
  readonly onEvent?: (event: RedisEvent) => void
  /** The clock; milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
}

/** The option of stores that must not believe a master which was replaced. */
export interface ReplicasOption {
  /**
   * How many replicas the master of Redis has when all is well; of a cluster, each master. The
   * store decides only while the master and its replicas that answer are a majority of these
   * servers: with 2 one of the three may be away, with 1 none. 0: replicas are not looked at.
   * Default: all replicas that any instance has seen must be there, and a new master may have none.
   * Example: 2.
   */
  readonly replicas?: number
}

/** What happens between a store and Redis. */
export type RedisEvent =
  /** Redis is not asked any more (`open`), or is asked again. */
  | { readonly kind: 'circuit'; readonly state: 'open' | 'closed'; readonly message: string }
  /** Another master answers than before, which may have forgotten what the last one knew. */
  | { readonly kind: 'another-master'; readonly message: string }
  /** The master lacks replicas, and may have been replaced (`missing`), or has them (`present`). */
  | { readonly kind: 'replicas'; readonly state: 'missing' | 'present'; readonly message: string }
  /** A setting of Redis, or its clock, is wrong. */
  | Notice

/** Every name in RedisOptions; others are refused. */
export const REDIS_OPTIONS = {
  prefix: 'value',
  timeLimit: 'value',
  failures: 'value',
  pause: 'value',
  logger: 'value',
  onEvent: 'function',
  now: 'function',
} as const satisfies OptionTableOf<RedisOptions>

/** Options that are complete. */
export interface RedisSettings {
  readonly prefix: string
  readonly timeLimit: number
  readonly failures: number
  readonly pause: number
  readonly logger: Logger | undefined
  readonly onEvent: ((event: RedisEvent) => void) | undefined
  readonly now: () => number
}

/** @throws ConfigurationError */
export function redisSettings(store: string, given: RedisOptions | undefined): RedisSettings {
  const options = closeOptions(store, given, REDIS_OPTIONS)
  const { prefix = 's4u:', timeLimit = 250, failures = 5, pause = 1_000, logger, onEvent, now = Date.now } = options
  if (typeof prefix !== 'string' || prefix === '' || prefix.length > MAX_PREFIX)
    throw new ConfigurationError(`${store}: prefix must be a text of 1 to ${MAX_PREFIX} characters`, {
      hint: "Leave it out for 's4u:'.",
    })
  requireWithin(store, 'timeLimit', timeLimit, 10, MAX_TIME_LIMIT)
  requireWithin(store, 'failures', failures, 1, 1_000)
  requireWithin(store, 'pause', pause, 10, 60_000)
  return { prefix, timeLimit, failures, pause, logger, onEvent, now }
}

/** @throws ConfigurationError */
export function requireWithin(store: string, name: string, value: unknown, minimum: number, maximum: number): void {
  if (Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum) return
  throw new ConfigurationError(
    `${store}: ${name} must be a whole number from ${minimum} to ${maximum}, not ${shownInput(value)}`,
  )
}

/** @throws ConfigurationError */
export function requireReplicas(store: string, replicas: number | undefined): void {
  if (replicas !== undefined) requireWithin(store, 'replicas', replicas, 0, MAX_REPLICAS)
}

/** Each of them takes all writes. */
const MAX_REPLICAS = 20

/** It is part of every key, and each key takes memory. */
const MAX_PREFIX = 64

/** Less than the two seconds that the acceptor allows a store, so that the error names Redis. */
const MAX_TIME_LIMIT = 1_500
