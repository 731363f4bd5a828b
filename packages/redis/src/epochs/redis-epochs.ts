import { closeOptions, ConfigurationError, type OptionTableOf } from '@s4u/krb5'
import type { EndedSessionStore, IsRevoked, Session } from '@s4u/negotiate'
import type { RedisCommands } from '../clients/commands.js'
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
import { type Seal, sealsOf, type SharedSecret } from '../sealing/shared-secret.js'

/** Options of `redisEpochs`. */
export interface RedisEpochsOptions extends RedisOptions, ReplicasOption {
  /**
   * What seals the times, and makes the names of the keys, so that Redis knows neither users nor
   * when they left. At least 32 random octets, the same ones in all instances: `openssl rand
   * -base64 32`. To change it, give a list: the first one writes, all read. Put the new one behind
   * the old one on all instances, then in front, and take the old one away after `keepFor`.
   */
  readonly secret: SharedSecret
  /**
   * How long an end is kept, milliseconds: no shorter than the `maxAge` of sessions. Default:
   * 28,800,000 (8 hours), as theirs.
   */
  readonly keepFor?: number
  /**
   * How far the clocks of instances may differ, milliseconds. Sessions that began up to so much
   * later than a user was signed out end too. Default: 2,000.
   */
  readonly clockTolerance?: number
}

/** Every name in RedisEpochsOptions; others are refused. */
export const REDIS_EPOCHS_OPTIONS = {
  ...REDIS_OPTIONS,
  secret: 'value',
  keepFor: 'value',
  clockTolerance: 'value',
  replicas: 'value',
} as const satisfies OptionTableOf<RedisEpochsOptions>

/** Whose sessions end: one session, or all that a user has begun until now. */
export type EndedSessions =
  | { readonly id: string }
  /** Letter case does not count: Active Directory takes a name in any. */
  | { readonly principal: string }
  /** Better than a name, which may later belong to another user. */
  | { readonly sid: string }

/** Sessions that were ended early, by whichever instance. */
export interface RedisEpochs {
  /** For `session.isRevoked` of a negotiator. */
  readonly isRevoked: IsRevoked
  /**
   * Ends sessions on all instances, at once. When it resolves, the replicas have it too, so that
   * it holds after a failover.
   *
   * @throws RedisError where it is not certain that they have ended: try again
   */
  end(which: EndedSessions): Promise<void>
  /**
   * For `session.ended` beside `isRevoked`: what a sign-out ends on one instance has ended on all.
   */
  readonly ended: EndedSessionStore
}

/**
 * Returns a memory of ended sessions that the instances of a service share. Each request that shows
 * a session asks it, in one round trip. If Redis does not answer, or a master may have been
 * replaced by one of its replicas (see `replicas`), sessions do not count, and callers
 * authenticate: an ended one does not come back, as long as Redis keeps its data.
 *
 * The app connects the client, listens to its `error` event, and closes it.
 *
 * @param client a client of `redis` or `ioredis`, version 5 or newer
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import type { CallerIdentity, NegotiatorOptions } from '@s4u/negotiate'
 * import { type RedisClient, redisEpochs } from '@s4u/redis'
 *
 * export function sessionsOn(client: RedisClient, key: string, secret: string) {
 *   const { isRevoked, ended, end } = redisEpochs(client, { secret })
 *   const session = { kind: 'cookie', keys: [key], isRevoked, ended } as const
 *   const options: NegotiatorOptions = { session }
 *   const signOutEverywhere = ({ principal }: CallerIdentity) => end({ principal })
 *   return { options, signOutEverywhere }
 * }
 * ```
 */
export function redisEpochs(client: RedisClient, given: RedisEpochsOptions): RedisEpochs {
  const options = closeOptions(STORE, given, REDIS_EPOCHS_OPTIONS)
  const { secret, keepFor = 28_800_000, clockTolerance = 2_000, replicas, ...rest } = options
  requireDuration('keepFor', keepFor, 1)
  requireDuration('clockTolerance', clockTolerance, 0)
  requireReplicas(STORE, replicas)
  const seals = sealsOf(STORE, secret)
  const settings = redisSettings(STORE, rest)
  const connection = new Connection(client, 'ended sessions', settings, replicas)
  const keyOf = (seal: Seal, [kind, text]: Subject): string =>
    `${settings.prefix}${FORMAT}${seal.nameOf(`${kind} ${text}`)}`
  const end = async (which: EndedSessions): Promise<void> => {
    const [seal] = seals
    const name = keyOf(seal, subjectOf(which))
    const value = seal.seal(name, String(settings.now()))
    await connection.write(name, ['SET', name, value, 'PX', String(Math.ceil(keepFor))])
  }
  /** When each of these was ended, for each secret. */
  const latestOf = async (commands: RedisCommands, subjects: readonly Subject[]): Promise<number> => {
    const questions = seals.flatMap((seal) => subjects.map((subject) => ({ seal, name: keyOf(seal, subject) })))
    const times = await Promise.all(
      questions.map(async ({ seal, name }) => timeOf(await commands.run(name, ['GET', name]), seal, name)),
    )
    return Math.max(...times)
  }
  return {
    end,
    // Whether a session has ended `isRevoked` asks, with all else, in one round trip.
    ended: { end: (id) => end({ id }), isEnded: () => false },
    async isRevoked(session) {
      await connection.look()
      const [ended, latest] = await connection.ask((commands) =>
        Promise.all([latestOf(commands, [['id', session.id]]), latestOf(commands, subjectsOf(session))]),
      )
      // A server that has been replaced does not know what was ended since.
      await connection.look()
      connection.watch.requirePresence()
      return ended > -Infinity || session.startedAt <= latest + clockTolerance
    },
  }
}

const STORE = 'redisEpochs'

/**
 * The name and version of the format: the key is a keyed digest of whose sessions ended, the value
 * is when, milliseconds since the epoch, sealed.
 */
const FORMAT = 'epoch:1:'

type Subject = readonly ['id' | 'principal' | 'sid', string]

function subjectsOf({ principal, sid }: Session): readonly Subject[] {
  const byName: Subject = ['principal', principal.toLowerCase()]
  return sid === undefined ? [byName] : [byName, ['sid', sid]]
}

/** @throws ConfigurationError */
function subjectOf(which: EndedSessions): Subject {
  const { id, principal, sid }: { id?: unknown; principal?: unknown; sid?: unknown } = which
  const given = [id, principal, sid].filter((one) => one !== undefined)
  if (given.length === 1 && isText(given[0])) {
    if (isText(id)) return ['id', id]
    return isText(principal) ? ['principal', principal.toLowerCase()] : ['sid', given[0]]
  }
  throw new ConfigurationError(`${STORE}: end takes one of id, principal and sid, and a text that is not empty`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** -Infinity where nothing was ended. What cannot be read must not let in who was shut out. */
function timeOf(value: unknown, seal: Seal, name: string): number {
  if (value === null) return -Infinity
  const text = typeof value === 'string' ? seal.open(name, value) : undefined
  if (text !== undefined && /^\d{1,16}$/.test(text)) return Number(text)
  throw new RedisError('the time when sessions ended cannot be read', { code: 'S4U_REDIS_UNREADABLE' })
}

function requireDuration(name: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least && value <= MAX_DURATION) return
  throw new ConfigurationError(`${STORE}: ${name} must be a number of milliseconds from ${least} to ${MAX_DURATION}`)
}

/** A year; longer than any session. */
const MAX_DURATION = 366 * 24 * 3_600_000
