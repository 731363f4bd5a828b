import { closeOptions, ConfigurationError, type OptionTableOf, shownInput } from '@s4u/krb5'
import type { ConnectionRules } from './connection/negotiate.js'
import type { ShareUser } from './connection/session.js'
import { DfsLinks, type DfsTarget } from './files/dfs-links.js'
import { Share } from './files/share.js'
import { ShareAccess } from './files/share-access.js'
import { findSharePath, type SharePath, wireName } from './formats/file-name.js'
import {
  type Cipher,
  CipherNumber,
  type Dialect,
  DialectNumber,
  type SigningAlgorithm,
  SigningNumber,
} from './wire/negotiate-message.js'

/** Options of `openShare`: as whom, at which server, and how messages are protected. */
export interface ShareOptions {
  /**
   * Who reads and writes: an `Impersonation` of @s4u/negotiate, or another object with
   * `contextFor`.
   */
  readonly as: ShareUser
  /** The IP address of the server. Default: what its name resolves to. Example: `10.0.0.7`. */
  readonly address?: string
  /** Default 445. */
  readonly port?: number
  /** The service principal name to ask a ticket for. Default: `cifs/` and the server's name. */
  readonly service?: string
  /**
   * Whether all is encrypted, also where server and share do not ask for it. All is signed always.
   * Default: `false`.
   */
  readonly encrypt?: boolean
  /** Versions of SMB that may be spoken. Default: `['3.1.1', '3.0.2', '3.0', '2.1']`. */
  readonly dialects?: readonly Dialect[]
  /**
   * Ciphers, the best first; before 3.1.1 there is `aes-128-ccm` alone. Default:
   * `['aes-256-gcm', 'aes-128-gcm', 'aes-256-ccm', 'aes-128-ccm']`.
   */
  readonly ciphers?: readonly Cipher[]
  /**
   * Ways to sign in 3.1.1, the best first. Default: `['aes-128-gmac', 'aes-128-cmac']`. 3.0 signs
   * with `aes-128-cmac`, 2.1 with HMAC-SHA256.
   */
  readonly signing?: readonly SigningAlgorithm[]
  /** Whether paths may name streams: `file.txt:stream`. Default: `false`. */
  readonly streams?: boolean
  /**
   * Servers that links of DFS may lead to, by name or with their addresses: a ticket of the user
   * goes to them. The service must be allowed to delegate to their `cifs/` too. Default: none, and
   * a link to another server is EXDEV. Example: `['files2.ad.test']`.
   */
  readonly dfsTargets?: readonly (string | DfsTarget)[]
  /**
   * Domain controllers, by name or with their addresses, to ask where a root of DFS of the domain
   * is: the path then begins with the name of the domain, `\\ad.test\dfs`. They get a ticket of
   * the user, as the servers in `dfsTargets` do. Default: none. Example: `['dc1.ad.test']`.
   */
  readonly dfsControllers?: readonly (string | DfsTarget)[]
  /** The longest silence of a server that owes an answer; milliseconds, default 30,000. */
  readonly timeLimit?: number
  /** How long a session is kept while nothing is asked; milliseconds, default 10,000. */
  readonly idleTimeout?: number
  /** The time in milliseconds since the epoch; for tests. Default: `Date.now`. */
  readonly now?: () => number
}

/** Every name in ShareOptions; others are refused. */
export const SHARE_OPTIONS = {
  as: 'value',
  address: 'value',
  port: 'value',
  service: 'value',
  encrypt: 'flag',
  dialects: 'texts',
  ciphers: 'texts',
  signing: 'texts',
  streams: 'flag',
  dfsTargets: 'value',
  dfsControllers: 'value',
  timeLimit: 'value',
  idleTimeout: 'value',
  now: 'function',
} as const satisfies OptionTableOf<ShareOptions>

const DIALECTS: readonly Dialect[] = ['3.1.1', '3.0.2', '3.0', '2.1']
const CIPHERS: readonly Cipher[] = ['aes-256-gcm', 'aes-128-gcm', 'aes-256-ccm', 'aes-128-ccm']
const SIGNING: readonly SigningAlgorithm[] = ['aes-128-gmac', 'aes-128-cmac']
const PORT = 445
/**
 * How long one request may take by default; milliseconds. A disk that has to start takes ten
 * seconds.
 */
const TIME_LIMIT = 30_000
/**
 * How long a connection without open files stays; milliseconds. The next call within a page needs
 * no new sign-in.
 */
const IDLE_TIMEOUT = 10_000

/** The longest that a timer of Node can wait, in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1

/**
 * Opens a share as a user. It is made without the network; the first call connects and signs in.
 *
 * Signed always, encrypted where the server, the share or the app wants it; a guest is refused.
 * Connections are shared by all shares of a server, and each user has a session of its own.
 * @param path `\\files.ad.test\docs`, or a folder in it that all paths then begin in
 * @throws ConfigurationError
 * @example
 * ```ts
 * import type { CallerIdentity } from '@s4u/negotiate'
 * import { openShare } from '@s4u/smb'
 *
 * export async function report(caller: CallerIdentity): Promise<Buffer> {
 *   using impersonation = caller.impersonate()
 *   await using share = openShare('\\\\files.ad.test\\docs', { as: impersonation })
 *   return await share.readFile('reports/2026.pdf')
 * }
 * ```
 */
export function openShare(path: string, given: ShareOptions): Share {
  const options = closeOptions('openShare', given, SHARE_OPTIONS)
  const { host, share, folder } = requireSharePath(path)
  requireUser(options.as)
  const { as: user, address, port = PORT, service = `cifs/${host}`, encrypt = false, streams = false } = options
  const { idleTimeout = IDLE_TIMEOUT, now = Date.now } = options
  requireWhole('port', port, 1, 0xffff)
  requireWhole('idleTimeout', idleTimeout, 0, MAX_TIMER)
  const demand = { server: { host, address, port }, rules: rulesOf(options), service, idleTimeout, now }
  const access = new ShareAccess({
    ...{ host, share, user, demand, encrypt, streams },
    folder: wireName(folder, { syscall: 'openShare', streams: false }),
  })
  return new Share(access, new DfsLinks(access, dfsTargetsOf(options), dfsControllersOf(options)))
}

/** @throws ConfigurationError */
export const dfsTargetsOf = ({ dfsTargets = [] }: Pick<ShareOptions, 'dfsTargets'>): readonly DfsTarget[] =>
  serversOf('dfsTargets', dfsTargets)

/** @throws ConfigurationError */
export const dfsControllersOf = ({ dfsControllers = [] }: Pick<ShareOptions, 'dfsControllers'>): readonly DfsTarget[] =>
  serversOf('dfsControllers', dfsControllers)

function serversOf(option: string, servers: readonly (string | DfsTarget)[]): readonly DfsTarget[] {
  return servers.map((given) => {
    const target = typeof given === 'string' ? { host: given } : given
    if (typeof target.host === 'string' && /^[\w.-]+$/.test(target.host)) return target
    throw new ConfigurationError(`openShare: ${option} must have names of servers, not ${shownInput(target.host)}`, {
      hint: "Give names, such as 'files2.ad.test', or { host: 'files2.ad.test', address: '10.0.0.8' }.",
    })
  })
}

function rulesOf({
  dialects = DIALECTS,
  ciphers = CIPHERS,
  signing = SIGNING,
  timeLimit = TIME_LIMIT,
}: ShareOptions): ConnectionRules {
  requireWhole('timeLimit', timeLimit, 1, MAX_TIMER)
  return {
    dialects: requireSome('dialects', dialects, DialectNumber),
    ciphers: requireSome('ciphers', ciphers, CipherNumber),
    signing: requireSome('signing', signing, SigningNumber),
    timeLimit,
  }
}

function requireWhole(option: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return
  throw new ConfigurationError(
    `openShare: ${option} must be a whole number from ${least} to ${most}, not ${shownInput(value)}`,
  )
}

function requireSome<T extends string>(
  option: string,
  given: readonly T[],
  known: Readonly<Record<T, number>>,
): readonly T[] {
  const wrong = given.find((each) => !Object.hasOwn(known, each))
  if (wrong === undefined && given.length > 0) return given
  const found = wrong === undefined ? 'an empty list' : shownInput(wrong)
  throw new ConfigurationError(`openShare: ${option} has ${found}`, {
    hint: `Possible are ${Object.keys(known).join(', ')}.`,
  })
}

function requireSharePath(path: string): SharePath {
  const found = typeof path === 'string' ? findSharePath(path) : undefined
  if (found !== undefined) return found
  throw new ConfigurationError(`openShare: ${shownInput(path)} is no path of a share`, {
    hint: String.raw`Write '\\\\files.ad.test\\docs': two backslashes (each twice in a string), the server's whole name in DNS, and the share.`,
  })
}

function requireUser(user: unknown): void {
  if (typeof user === 'object' && user !== null && 'contextFor' in user && typeof user.contextFor === 'function') return
  throw new ConfigurationError('openShare: as must be whoever reads and writes', {
    hint: 'Give what identity.impersonate() returns: openShare(path, { as: identity.impersonate() }).',
  })
}
