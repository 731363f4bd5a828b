import type { ReplayStore, ReplayVerdict } from '@s4u/acceptor'
import { closeOptions, type OptionTableOf } from '@s4u/krb5'
import { randomBytes } from 'node:crypto'
import type { Command, RedisCommands } from '../clients/commands.js'
import type { RedisClient } from '../clients/redis-client.js'
import { Connection } from '../connection/connection.js'
import { RedisError } from '../connection/redis-error.js'
import {
  REDIS_OPTIONS,
  type RedisOptions,
  redisSettings,
  type ReplicasOption,
  requireReplicas,
} from '../connection/redis-options.js'
import type { ServerWatch } from '../connection/server-watch.js'

/** Options of `redisReplayStore`. */
export interface RedisReplayOptions extends RedisOptions, ReplicasOption {}

/** Every name in RedisReplayOptions; others are refused. */
export const REDIS_REPLAY_OPTIONS = {
  ...REDIS_OPTIONS,
  replicas: 'value',
} as const satisfies OptionTableOf<RedisReplayOptions>

/** A replay store on Redis. */
export interface RedisReplayStore extends ReplayStore {
  remember(digest: Uint8Array, expiresAt: number, issuedAt?: number): Promise<ReplayVerdict>
  /**
   * Looks at the servers, and warns of settings and clocks that are wrong. The first decision does
   * it otherwise. Await it before the service takes requests, to see at the start that Redis is
   * there. For ten seconds after a failover it waits until tokens can be judged.
   *
   * @throws RedisError
   */
  ready(): Promise<void>
}

/**
 * Returns a replay store that the instances of a service share: a token that one instance has
 * accepted is refused by all others.
 *
 * - One command decides, `SET … NX PXAT`. Redis forgets the key when no instance would accept the
 *   token any more.
 * - If Redis does not answer, the token is refused with 503. `onReplayStoreDown: 'accept'` of the
 *   negotiator changes that.
 * - After a failover, tokens that were made before it, or within ten seconds after it, are refused
 *   with 503: the new master may not know them, and the old one may still take writes.
 * - While the master lacks replicas it may have been replaced by one of them, and tokens are
 *   refused with 503: see `replicas`.
 *
 * The app connects the client, listens to its `error` event, and closes it.
 *
 * @param client a client of `redis` or `ioredis`, version 5 or newer
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import type { NegotiatorOptions } from '@s4u/negotiate'
 * import { type RedisClient, redisReplayStore } from '@s4u/redis'
 *
 * export function options(client: RedisClient): NegotiatorOptions {
 *   return { keytab: 'web.keytab', replayCache: redisReplayStore(client, { prefix: 'web:' }) }
 * }
 * ```
 */
export function redisReplayStore(client: RedisClient, options: RedisReplayOptions = {}): RedisReplayStore {
  const { replicas, ...rest } = closeOptions(STORE, options, REDIS_REPLAY_OPTIONS)
  requireReplicas(STORE, replicas)
  const settings = redisSettings(STORE, rest)
  const connection = new Connection(client, 'replays', settings, replicas)
  const { watch } = connection
  const prefix = `${settings.prefix}${FORMAT}`
  return {
    async remember(digest, expiresAt, issuedAt = Infinity) {
      const key = `${prefix}${Buffer.from(digest).toString('base64url')}`
      // Who answers, and by which clock, is known before the first decision.
      await connection.look()
      const until = String(Math.ceil(expiresAt + watch.clockAhead))
      const verdict = await connection.ask((commands) => decide(commands, key, until, watch)).catch(fullIfOutOfMemory)
      // A replay is one, whoever says so.
      if (verdict !== 'fresh') return verdict
      // The client may have sent the command, or have sent it once more, to a server that took
      // over. What was found before must still count now.
      await connection.look()
      watch.requireJudge(issuedAt)
      return verdict
    },
    async ready() {
      await connection.look()
      watch.requireJudge(Infinity)
      const wait = watch.settlesIn()
      // The clock of Redis seems to be ahead by up to an answer's time more than it is.
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait + settings.timeLimit))
    },
  }
}

const STORE = 'redisReplayStore'

/**
 * The name and version of the format: the key is the digest of the authenticator, the value is the
 * name of the attempt that wrote it.
 */
const FORMAT = 'replay:1:'

/**
 * Takes the key, or finds who has it. A client that lost its connection sends its commands once
 * more after it has connected again, also those that the server had carried out: what looks taken
 * may have been taken by this very attempt.
 */
async function decide(commands: RedisCommands, key: string, until: string, watch: ServerWatch): Promise<ReplayVerdict> {
  const attempt = nextAttempt()
  const command: Command = ['SET', key, attempt, 'NX', 'PXAT', until]
  const taken = await commands.run(key, command)
  if (commands.masterNow) watch.compare(await commands.masterNow())
  if (taken === 'OK') return 'fresh'
  if (taken !== null) throw unreadable()
  return (await commands.run(key, ['GET', key])) === attempt ? 'fresh' : 'seen'
}

const process = randomBytes(9).toString('base64url')
let attempts = 0

function nextAttempt(): string {
  return `${process}${(attempts++).toString(36)}`
}

/** A store without room must not become one that lets replays in: see `ReplayVerdict`. */
function fullIfOutOfMemory(error: unknown): ReplayVerdict {
  if (error instanceof RedisError && error.reply === 'OOM') return 'full'
  throw error
}

function unreadable(): RedisError {
  return new RedisError('Redis answered SET with something that is neither OK nor nothing', {
    code: 'S4U_REDIS_UNREADABLE',
  })
}
