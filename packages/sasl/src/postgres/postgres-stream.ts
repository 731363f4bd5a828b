import { ConfigurationError, type OptionTableOf, requireKnownOptions, requireOneOf } from '@s4u/krb5'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import type { ContextSource } from '../caller.js'
import { CallerStream, type CallerStreamSettings } from './caller-stream.js'

/** Options of `postgresStream`. */
export interface PostgresStreamOptions {
  /** As whom to connect: an impersonation, or what `ConnectionsPerIdentity` gives to `open`. */
  readonly as: ContextSource
  /** The service principal name. Default: `postgres/` and the host that the driver connects to. */
  readonly service?: string
  /**
   * What encrypts the connection: the keys of the ticket (`hostgssenc` in pg_hba.conf), TLS
   * (`hostssl`), or nothing (`hostnossl`, for a network that nobody else can read). Default:
   * `gss`.
   */
  readonly encryption?: 'gss' | 'tls' | 'none'
  /** Options of `tls.connect`, for `encryption: 'tls'`: `{ ca }`. */
  readonly tls?: ConnectionOptions
  /** How long the handshake may take, in milliseconds. Default: 10,000. */
  readonly timeLimit?: number
}

/** Every name in PostgresStreamOptions; others are refused. */
export const POSTGRES_STREAM_OPTIONS = {
  as: 'value',
  service: 'value',
  encryption: 'value',
  tls: 'value',
  timeLimit: 'value',
} as const satisfies OptionTableOf<PostgresStreamOptions>

/** A server ends a connection that is not authenticated after a minute. Milliseconds. */
const TIME_LIMIT = 10_000

/**
 * Returns the option `stream` of a client or pool of npm's `pg`: connections are authenticated and
 * encrypted with the caller's ticket, and there is no password. The stream fails with typed errors,
 * with which `connect()` of the client rejects.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { type ContextSource, postgresStream } from '@s4u/sasl'
 *
 * export const optionsFor = (caller: ContextSource) => ({
 *   host: 'db.ad.test',
 *   user: 'alice',
 *   stream: postgresStream({ as: caller }),
 * })
 * ```
 */
export function postgresStream(given: PostgresStreamOptions): () => CallerStream {
  const settings = settingsOf('postgresStream', given)
  return () => new CallerStream(settings)
}

/** What a driver is to be connected to, in lists where it was given several. */
export interface PostgresAddress {
  readonly host: string | readonly string[]
  readonly port: number | readonly number[]
}

/**
 * Returns the option `socket` of npm's `postgres`. See `postgresStream`.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { type ContextSource, postgresSocket } from '@s4u/sasl'
 *
 * export const optionsFor = (caller: ContextSource) => ({
 *   host: 'db.ad.test',
 *   user: 'alice',
 *   socket: postgresSocket({ as: caller }),
 * })
 * ```
 */
export function postgresSocket(given: PostgresStreamOptions): (address: PostgresAddress) => Promise<Duplex> {
  const settings = settingsOf('postgresSocket', given)
  return ({ host, port }) =>
    new Promise((resolve, reject) => {
      const stream = new CallerStream(settings)
      const [oneHost, onePort] = [onlyOne('host', host), onlyOne('port', port)]
      stream.once('error', reject)
      stream.once('connect', () => {
        stream.off('error', reject)
        resolve(stream)
      })
      stream.connect(onePort, oneHost)
    })
}

function onlyOne<T extends string | number>(name: string, value: T | readonly T[]): T {
  const list: readonly T[] = typeof value === 'string' || typeof value === 'number' ? [value] : value
  if (list.length === 1) return list[0]
  throw new ConfigurationError(`postgresSocket: one ${name} must be given, and there are ${list.length}`, {
    hint: 'Make a client for each server: the service principal name belongs to one host.',
  })
}

function settingsOf(name: string, given: PostgresStreamOptions): CallerStreamSettings {
  const options = requireKnownOptions(name, given, POSTGRES_STREAM_OPTIONS)
  const { as, service, tls, timeLimit = TIME_LIMIT } = options
  const encryption = requireOneOf('encryption', options.encryption, ['gss', 'tls', 'none']) ?? 'gss'
  if (typeof as?.contextFor !== 'function')
    throw new ConfigurationError(`${name}: as is missing`, {
      hint: `Give the impersonation of the caller: ${name}({ as: identity.impersonate() }).`,
    })
  if (tls !== undefined && encryption !== 'tls')
    throw new ConfigurationError(`${name}: tls is for encryption: 'tls', and encryption is '${encryption}'`)
  if (!(timeLimit > 0)) throw new ConfigurationError(`${name}: timeLimit must be a number of milliseconds above 0`)
  return { as, service, encryption, tls: tls ?? {}, timeLimit }
}
