import { closeOptions, ConfigurationError, type OptionTableOf } from '@s4u/krb5'
import type { EndedSessionStore, IsRevoked, Session } from '@s4u/negotiate'
import { createHash } from 'node:crypto'
import type { RedisClient } from '../clients/redis-client.js'
import { Connection } from '../connection/connection.js'
import { RedisError } from '../connection/redis-error.js'
import { REDIS_OPTIONS, type RedisOptions, redisSettings } from '../connection/redis-options.js'

/** Options of `redisEpochs`. */
export interface RedisEpochsOptions extends RedisOptions {
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
  keepFor: 'value',
  clockTolerance: 'value',
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
   * Ends sessions on all instances, at once.
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
 * a session asks it, in one round trip. If Redis does not answer, sessions do not count, and
 * callers authenticate: an ended one never comes back.
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
 * export function sessionsOn(client: RedisClient, key: string) {
 *   const { isRevoked, ended, end } = redisEpochs(client)
 *   const session = { kind: 'cookie', keys: [key], isRevoked, ended } as const
 *   const options: NegotiatorOptions = { session }
 *   const signOutEverywhere = ({ principal }: CallerIdentity) => end({ principal })
 *   return { options, signOutEverywhere }
 * }
 * ```
 */
export function redisEpochs(client: RedisClient, given?: RedisEpochsOptions): RedisEpochs {
  const { keepFor = 28_800_000, clockTolerance = 2_000, ...rest } = closeOptions(STORE, given, REDIS_EPOCHS_OPTIONS)
  requireDuration('keepFor', keepFor, 1)
  requireDuration('clockTolerance', clockTolerance, 0)
  const settings = redisSettings(STORE, rest)
  const connection = new Connection(client, 'ended sessions', settings)
  const keyOf = (kind: string, text: string): string => `${settings.prefix}${FORMAT}${digestOf(`${kind} ${text}`)}`
  const end = async (which: EndedSessions): Promise<void> => {
    const [kind, text] = subjectOf(which)
    const name = keyOf(kind, text)
    await connection.run(name, ['SET', name, String(settings.now()), 'PX', String(Math.ceil(keepFor))])
  }
  return {
    end,
    // Whether a session has ended `isRevoked` asks, with all else, in one round trip.
    ended: { end: (id) => end({ id }), isEnded: () => false },
    async isRevoked(session) {
      const names = [keyOf('id', session.id), ...subjectsOf(session).map(([kind, text]) => keyOf(kind, text))]
      const [ended, ...epochs] = await connection.ask((commands) =>
        Promise.all(names.map((name) => commands.run(name, ['GET', name]))),
      )
      const latest = Math.max(...epochs.map(timeOf))
      return timeOf(ended) > -Infinity || session.startedAt <= latest + clockTolerance
    },
  }
}

const STORE = 'redisEpochs'

/**
 * The name and version of the format: the key is a digest of whose sessions ended, the value is
 * when; milliseconds since the epoch.
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

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** -Infinity where nothing was ended. What cannot be read must not let in who was shut out. */
function timeOf(value: unknown): number {
  if (value === null) return -Infinity
  if (typeof value === 'string' && /^\d{1,16}$/.test(value)) return Number(value)
  throw new RedisError('the time when sessions ended cannot be read', { code: 'S4U_REDIS_UNREADABLE' })
}

function requireDuration(name: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least && value <= MAX_DURATION) return
  throw new ConfigurationError(`${STORE}: ${name} must be a number of milliseconds from ${least} to ${MAX_DURATION}`)
}

/** A year; longer than any session. */
const MAX_DURATION = 366 * 24 * 3_600_000
