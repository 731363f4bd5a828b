import {
  closeOptions,
  ConfigurationError,
  journalFor,
  kdcLocationOf,
  type Logger,
  type OptionTableOf,
  platformRandom,
  requireOneOf,
  shownInput,
} from '@s4u/krb5'
import { MAX_VALUE_OCTETS } from './radius-packet.js'
import { RADIUS_TLS_OPTIONS, type RadiusTlsOptions, type RadiusTlsSettings, readTlsOptions } from './tls-options.js'

/** Options of `createRadiusClient`: the servers, their secrets, and how long to wait. */
export interface RadiusOptions {
  /**
   * The servers, in the order in which they are asked: `radius1.corp.test`,
   * `radius1.corp.test:1812`, `[fd00::1]:1812`. Default port 1812, with `tls` 2083.
   */
  readonly servers: string | readonly string[]
  /**
   * The secret that this machine shares with the servers. 16 octets or more should be random. With
   * `tls` it protects nothing, and is `radsec` unless it is given.
   */
  readonly secret?: string | Uint8Array
  /**
   * RADIUS over TLS (RFC 6614, RadSec), on TCP; default port 2083. Each certificate of a server
   * must have its name. Default: datagrams (UDP). Example: `{ ca, cert, key }`.
   */
  readonly tls?: RadiusTlsOptions
  /**
   * How a password travels. `pap` (default) can be checked against any store of passwords and
   * tokens; `chap` needs passwords in clear text at the server.
   */
  readonly protocol?: 'pap' | 'chap'
  /** How this service calls itself to the server (NAS-Identifier). Default `s4u`. */
  readonly nasIdentifier?: string
  /**
   * How long the first try waits for its answer; milliseconds, default 1,000. Each further try
   * waits twice as long.
   */
  readonly firstWait?: number
  /** How often a server is asked before the next one is; default 3. */
  readonly tries?: number
  /** For one question, failover included; milliseconds, default 20,000. */
  readonly timeLimit?: number
  /** Where it is written which servers failed. Default: nowhere, but with NODE_DEBUG=s4u. */
  readonly logger?: Logger
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** What makes authenticators; for tests. */
  readonly random?: (length: number) => Uint8Array
}

/** Every name in RadiusOptions; others are refused. */
export const RADIUS_OPTIONS = {
  servers: 'value',
  secret: 'value',
  tls: RADIUS_TLS_OPTIONS,
  protocol: 'value',
  nasIdentifier: 'value',
  firstWait: 'value',
  tries: 'value',
  timeLimit: 'value',
  logger: 'value',
  now: 'function',
  random: 'function',
} as const satisfies OptionTableOf<RadiusOptions>

/** One server, by name or by address. */
export interface RadiusServer {
  readonly host: string
  readonly port: number
  /** As it is shown, and as it stands in the options. */
  readonly label: string
}

/** The options, checked, with their defaults. */
export interface RadiusSettings {
  readonly servers: readonly RadiusServer[]
  readonly secret: Uint8Array
  /** Undefined: by datagrams. */
  readonly tls: RadiusTlsSettings | undefined
  readonly protocol: 'pap' | 'chap'
  readonly nasIdentifier: Uint8Array
  /** The wait of each try; milliseconds. Nothing is sent twice over TLS: there it is one. */
  readonly waits: readonly number[]
  readonly timeLimit: number
  readonly now: () => number
  readonly random: (length: number) => Uint8Array
}

/** @throws ConfigurationError */
export function readRadiusOptions(given: RadiusOptions): RadiusSettings {
  const options = closeOptions('radius', given, RADIUS_OPTIONS)
  const tries = within('tries', options.tries ?? 3, 1, MAX_TRIES)
  const firstWait = within('firstWait', options.firstWait ?? 1_000, 1, MAX_WAIT)
  const waits = Array.from({ length: tries }, (_, index) => Math.min(firstWait * 2 ** index, MAX_WAIT))
  const tls = options.tls && readTlsOptions(options.tls)
  return {
    servers: readServers(options.servers, tls === undefined ? RADIUS_PORT : RADSEC_PORT),
    secret: readSecret(options.secret ?? (tls && RADSEC_SECRET), tls === undefined ? options.logger : 'protected'),
    tls,
    protocol: requireOneOf('radius: protocol', options.protocol, ['pap', 'chap']) ?? 'pap',
    nasIdentifier: readNasIdentifier(options.nasIdentifier ?? 's4u'),
    waits: tls === undefined ? waits : [waits.reduce((sum, wait) => sum + wait, 0)],
    timeLimit: within('timeLimit', options.timeLimit ?? 20_000, 1, MAX_TIME_LIMIT),
    now: options.now ?? Date.now,
    random: options.random ?? platformRandom,
  }
}

/** RFC 2865 section 3: port 1812; that of 1997, 1645, has to be written. */
const RADIUS_PORT = 1_812
/** RFC 6614 section 2.1. */
const RADSEC_PORT = 2_083
/** RFC 6614 section 2.3: TLS protects what the secret did. */
const RADSEC_SECRET = 'radsec'

/** More tries than these only keep a user waiting; a server that works answers the first. */
const MAX_TRIES = 10
/** The most that one try may wait; milliseconds. A push to a telephone takes less. */
const MAX_WAIT = 120_000
/** Milliseconds. Beyond it, a browser has long given up. */
const MAX_TIME_LIMIT = 600_000
/** The most servers of one service. */
const MAX_SERVERS = 16
/** RFC 2865 section 3 wants a secret of at least 16 octets: whoever reads a packet can guess. */
const GOOD_SECRET_OCTETS = 16

function readServers(given: string | readonly string[], port: number): readonly RadiusServer[] {
  const list = typeof given === 'string' ? [given] : given
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_SERVERS)
    throw new ConfigurationError(`radius: servers must name 1 to ${MAX_SERVERS} servers, not ${shownInput(given)}`)
  return list.map((text) => readServer(text, port))
}

function readServer(text: unknown, standard: number): RadiusServer {
  const location = typeof text === 'string' ? kdcLocationOf(text, standard) : undefined
  if (typeof text !== 'string' || location === undefined || location.protocol !== undefined)
    throw new ConfigurationError(`radius: servers: ${shownInput(text)} is no address of a server`, {
      hint: 'Write radius1.corp.test, radius1.corp.test:1812 or [fd00::1]:1812.',
    })
  const { host, port } = location
  return { host, port, label: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` }
}

/** Takes a copy: whoever gave the octets may overwrite them. */
function readSecret(given: unknown, logger: Logger | undefined | 'protected'): Uint8Array {
  const octets = typeof given === 'string' ? new TextEncoder().encode(given) : given
  if (!(octets instanceof Uint8Array) || octets.length === 0)
    throw new ConfigurationError('radius: secret must be a text or octets, and not empty')
  if (octets.length < GOOD_SECRET_OCTETS && logger !== 'protected')
    journalFor(logger).warn('S4U_WEAK_SECRET', () => ({
      level: 'warn',
      text: `the secret of RADIUS has ${octets.length} octets: somebody who reads packets on the network can guess it`,
      hint: `Take ${GOOD_SECRET_OCTETS} or more random octets.`,
    }))
  return Uint8Array.from(octets)
}

function readNasIdentifier(given: unknown): Uint8Array {
  const octets = typeof given === 'string' ? new TextEncoder().encode(given) : new Uint8Array()
  if (octets.length === 0 || octets.length > MAX_VALUE_OCTETS)
    throw new ConfigurationError(`radius: nasIdentifier must be a text of 1 to ${MAX_VALUE_OCTETS} octets`)
  return octets
}

function within(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new ConfigurationError(
    `radius: ${name} must be a whole number from ${least} to ${most}, not ${shownInput(value)}`,
  )
}
