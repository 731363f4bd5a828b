import { ConfigurationError, type OptionTableOf } from '@s4u/kdc-client'
import type { IsRevoked } from './session-revocation.js'

/**
 * `'cookie'`: for TLS alone, unless `secure: false` is said. A sealed cookie with everything in it,
 * the ticket included, so that any instance with the keys can go on and `impersonate()` still
 * works. The short form makes a key of its own at each start.
 *
 * `'connection'`: whoever authenticated on a connection stays authenticated on it
 * (`Persistent-Auth`). **Never behind a proxy**: one that does not say that it is one (`Via`,
 * `X-Forwarded-…`) and shares its connections gives each user the identity of another.
 */
export type SessionOption = false | 'cookie' | 'connection' | CookieSessionOptions | ConnectionSessionOptions

export interface SessionOptions {
  /**
   * What callers keep who have authenticated. Default `false`: every request authenticates, as
   * Kerberos makes cheap.
   */
  readonly session?: SessionOption
}

export interface ConnectionSessionOptions {
  readonly kind: 'connection'
  /** As for cookies. */
  readonly isRevoked?: IsRevoked
}

export interface CookieSessionOptions {
  readonly kind: 'cookie'
  /**
   * Secrets of at least 32 octets or characters. The first seals, all open: put a new one in front
   * and take the old one out when `maxAge` has passed. Default: a random one, so that sessions end
   * with the process.
   */
  readonly keys?: readonly (string | Uint8Array)[]
  /** Milliseconds. A session never outlives its ticket. Default 8 hours. */
  readonly maxAge?: number
  /** Default `__Host-s4u`, or `s4u` where the cookie is not `Secure` or has a domain or a path. */
  readonly name?: string
  readonly path?: string
  readonly domain?: string
  /** Default `lax`. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /**
   * Default true. `false` sends it over plain HTTP, where everybody on the way can take the session
   * over.
   */
  readonly secure?: boolean
  /**
   * Ends sessions before their time: one (a user signs out everywhere, a cookie was stolen) or all
   * of a user (an account is disabled, a group is taken away). Asked with each request that shows a
   * session; what is not a clear no within two seconds ends it. Default: none is ended early.
   *
   *     isRevoked: ({ id, sid, startedAt }) =>
   *       endedIds.has(id) || startedAt < (signedOutAt.get(sid) ?? 0)
   */
  readonly isRevoked?: IsRevoked
}

/** Every name in the options of a session; others are refused. */
export const SESSION_OPTIONS = {
  kind: 'value',
  keys: 'value',
  maxAge: 'value',
  name: 'value',
  path: 'value',
  domain: 'value',
  sameSite: 'value',
  secure: 'flag',
  isRevoked: 'function',
} as const satisfies OptionTableOf<CookieSessionOptions>

/** Options, checked and complete. */
export interface CookieSettings {
  readonly keys: readonly (string | Uint8Array)[] | undefined
  readonly maxAge: number
  readonly name: string
  readonly secure: boolean
  readonly isRevoked: IsRevoked | undefined
  /** What follows the value: `; Path=/; HttpOnly; Secure; SameSite=Lax`. */
  readonly attributes: string
}

/** A working day: who stays longer shows a ticket again, without noticing. */
const DEFAULT_MAX_AGE = 8 * 3_600_000

/** Less could be guessed, and XChaCha20 takes 32 octets of key. */
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
  const { keys, maxAge = DEFAULT_MAX_AGE, path = '/', domain, sameSite = 'lax', secure = true } = options
  const { name = secure && path === '/' && domain === undefined ? '__Host-s4u' : 's4u' } = options
  if (keys !== undefined && !areSecrets(keys)) {
    throw new ConfigurationError(`session.keys must be secrets of at least ${MIN_SECRET_LENGTH} octets or characters`, {
      hint: 'Make one with: openssl rand -base64 32',
    })
  }
  if (typeof maxAge !== 'number' || !(maxAge > 0))
    throw new ConfigurationError('session.maxAge must be a number of milliseconds, more than 0')
  if (!['strict', 'lax', 'none'].includes(sameSite))
    throw new ConfigurationError('session.sameSite must be strict, lax or none')
  requireCookieText(name, path, domain)
  if (sameSite === 'none' && !secure)
    throw new ConfigurationError('session.sameSite none needs a cookie that is secure')
  const attributes =
    `; Path=${path}` +
    (domain === undefined ? '' : `; Domain=${domain}`) +
    `; HttpOnly${secure ? '; Secure' : ''}; SameSite=${sameSite[0].toUpperCase()}${sameSite.slice(1)}`
  // Copies: whoever wipes a secret after use would leave sessions that are sealed with zeros.
  const own = keys?.map((key) => (typeof key === 'string' ? key : Uint8Array.from(key)))
  return { keys: own, maxAge, name, secure, isRevoked: checkRevocation(options), attributes }
}

function areSecrets(keys: unknown): boolean {
  const isSecret = (key: unknown): boolean =>
    (typeof key === 'string' || key instanceof Uint8Array) && key.length >= MIN_SECRET_LENGTH
  return Array.isArray(keys) && keys.length > 0 && keys.every(isSecret)
}

/** The hook of either kind. @throws ConfigurationError */
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
