import { ConfigurationError, type OptionTableOf } from '@s4u/kdc-client'
import type { EndedSessionStore } from './ended-sessions.js'
import type { IsRevoked } from './session-revocation.js'

/**
 * How callers stay known after they have authenticated.
 *
 * `'cookie'`: a sealed cookie that holds everything, the ticket included, so that any instance with
 * the keys can continue the session and `impersonate()` still works. For TLS only, unless `secure:
 * false`. This short form makes a key at each start.
 *
 * `'connection'`: a caller stays known on the connection (`Persistent-Auth`). **Never behind a
 * proxy**: a proxy that shares its connections and does not say that it is one (`Via`,
 * `X-Forwarded-…`) gives each user the identity of another.
 */
export type SessionOption = false | 'cookie' | 'connection' | CookieSessionOptions | ConnectionSessionOptions

export interface SessionOptions {
  /**
   * How callers stay known after they have authenticated. Default `false`: every request
   * authenticates, which is cheap with Kerberos. Example: `'cookie'`.
   */
  readonly session?: SessionOption
}

/** A session that lasts as long as the connection of the caller. */
export interface ConnectionSessionOptions {
  readonly kind: 'connection'
  /** The same as for cookies. */
  readonly isRevoked?: IsRevoked
}

/** A session in a sealed cookie, and how long it lasts. */
export interface CookieSessionOptions {
  readonly kind: 'cookie'
  /**
   * Secrets of at least 32 octets or characters. The first seals, all open: put a new one in front,
   * and remove the old one after `maxAge`. Default: a random one, so that sessions end with the
   * process.
   */
  readonly keys?: readonly (string | Uint8Array)[]
  /**
   * How long a session lasts, milliseconds; it never outlives its ticket. Default 28,800,000 (8
   * hours).
   */
  readonly maxAge?: number
  /**
   * After how long without a request a session ends, milliseconds. Default: it lasts for `maxAge`.
   * The cookie is renewed with the first request after an eighth of that time. So a session may end
   * up to an eighth too early, and never too late.
   */
  readonly maxIdle?: number
  /**
   * The name of the cookie. Default `__Host-s4u`, or `s4u` where the cookie is not `Secure` or has
   * a domain or a path.
   */
  readonly name?: string
  /** The attribute Path of the cookie. Default `/`. */
  readonly path?: string
  /** The attribute Domain of the cookie. Default: none, so that only this host gets the cookie. */
  readonly domain?: string
  /** The attribute SameSite of the cookie. Default `lax`. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /**
   * Whether the cookie is sent over TLS only. Default `true`. With `false`, a listener on the
   * network can take the session over.
   */
  readonly secure?: boolean
  /**
   * Ends sessions early: one session (a user signs out everywhere, a cookie was stolen) or all of a
   * user (an account is disabled, a group is removed). Asked with each request that shows a
   * session; any answer but `false` within two seconds ends it. Default: no session ends early.
   *
   *     isRevoked: ({ id, sid, startedAt }) =>
   *       endedIds.has(id) || startedAt < (signedOutAt.get(sid) ?? 0)
   */
  readonly isRevoked?: IsRevoked
  /**
   * Where sessions are noted that ended before their time (a sign-out, a new sign-in), so that a
   * copy of the cookie is refused. Default: one memory for the process. Instances that share `keys`
   * should share a store.
   */
  readonly ended?: EndedSessionStore
}

/** Every name in the options of a session; others are refused. */
export const SESSION_OPTIONS = {
  kind: 'value',
  keys: 'value',
  maxAge: 'value',
  maxIdle: 'value',
  name: 'value',
  path: 'value',
  domain: 'value',
  sameSite: 'value',
  secure: 'flag',
  isRevoked: 'function',
  ended: 'value',
} as const satisfies OptionTableOf<CookieSessionOptions>

/** Checked and complete options. */
export interface CookieSettings {
  readonly keys: readonly (string | Uint8Array)[] | undefined
  readonly maxAge: number
  readonly maxIdle: number | undefined
  readonly name: string
  readonly secure: boolean
  readonly isRevoked: IsRevoked | undefined
  /** What follows the value: `; Path=/; HttpOnly; Secure; SameSite=Lax`. */
  readonly attributes: string
}

/** A working day. Afterwards a user shows a ticket again, without noticing. */
const DEFAULT_MAX_AGE = 8 * 3_600_000

/** Shorter secrets could be guessed, and XChaCha20 takes a key of 32 octets. */
const MIN_SECRET_LENGTH = 32

/** @throws ConfigurationError */
export function checkSession(option: SessionOption = false): 'connection' | CookieSettings | undefined {
  if (option === false) return undefined
  if (option === 'cookie') return cookieSettings({ kind: option })
  if (option === 'connection' || option.kind === 'connection') return 'connection'
  if (option.kind === 'cookie') return cookieSettings(option)
  throw new ConfigurationError(`session must be false, 'cookie', 'connection' or options of one of these`)
}

function cookieSettings(options: CookieSessionOptions): CookieSettings {
  const { keys, maxAge = DEFAULT_MAX_AGE, maxIdle, path = '/', domain, sameSite = 'lax', secure = true } = options
  const { name = secure && path === '/' && domain === undefined ? '__Host-s4u' : 's4u' } = options
  if (keys !== undefined && !areSecrets(keys)) {
    throw new ConfigurationError(`session.keys must be secrets of at least ${MIN_SECRET_LENGTH} octets or characters`, {
      hint: 'Make one with: openssl rand -base64 32',
    })
  }
  if (typeof maxAge !== 'number' || !(maxAge > 0))
    throw new ConfigurationError('session.maxAge must be a number of milliseconds, more than 0')
  if (maxIdle !== undefined && (typeof maxIdle !== 'number' || !(maxIdle > 0)))
    throw new ConfigurationError('session.maxIdle must be a number of milliseconds, more than 0')
  if (!['strict', 'lax', 'none'].includes(sameSite))
    throw new ConfigurationError('session.sameSite must be strict, lax or none')
  requireCookieText(name, path, domain)
  if (sameSite === 'none' && !secure)
    throw new ConfigurationError('session.sameSite none needs a cookie that is secure')
  const attributes =
    `; Path=${path}` +
    (domain === undefined ? '' : `; Domain=${domain}`) +
    `; HttpOnly${secure ? '; Secure' : ''}; SameSite=${sameSite[0].toUpperCase()}${sameSite.slice(1)}`
  // Copies the keys: an app that wipes its secret afterwards would leave sessions sealed with
  // zeros.
  const own = keys?.map((key) => (typeof key === 'string' ? key : Uint8Array.from(key)))
  return { keys: own, maxAge, maxIdle, name, secure, isRevoked: checkRevocation(options), attributes }
}

function areSecrets(keys: unknown): boolean {
  const isSecret = (key: unknown): boolean =>
    (typeof key === 'string' || key instanceof Uint8Array) && key.length >= MIN_SECRET_LENGTH
  return Array.isArray(keys) && keys.length > 0 && keys.every(isSecret)
}

/** Returns the hook of either kind of session. @throws ConfigurationError */
export function checkRevocation(option: SessionOption = false): IsRevoked | undefined {
  const isRevoked = typeof option === 'object' ? option.isRevoked : undefined
  if (isRevoked !== undefined && typeof isRevoked !== 'function')
    throw new ConfigurationError('session.isRevoked must be a function that answers true or false')
  return isRevoked
}

/** RFC 6265 section 4.1.1. */
function requireCookieText(name: string, path: string, domain = ''): void {
  if (
    /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) &&
    /^\/[\x20-\x3a\x3c-\x7e]*$/.test(path) &&
    /^[A-Za-z0-9.-]*$/.test(domain)
  )
    return
  throw new ConfigurationError('session: name, path or domain cannot stand in a cookie')
}
