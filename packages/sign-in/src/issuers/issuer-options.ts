import { ConfigurationError, requireGiven, shownInput } from '@s4u/krb5'
import type { FetchLike } from './fetch-like.js'

/** Where an issuer is, and how it is asked. */
export interface IssuerOptions {
  /**
   * The issuer's identifier, to which `/.well-known/openid-configuration` is added. Example:
   * `issuer: 'https://login.corp.example/realms/staff'`.
   */
  readonly issuer: string
  /** For one question to the issuer; milliseconds, default 5,000. */
  readonly timeLimit?: number
  /** How far the issuer's clock may be ahead or behind; milliseconds, default 30,000. */
  readonly clockSkew?: number
  /**
   * Whether the issuer may be asked without TLS, where anybody on the way can be the issuer.
   * Default: `false`. It is for tests on one machine.
   */
  readonly allowInsecure?: boolean
  /** What fetches, for proxies and authorities of your own. Default: that of Node. */
  readonly fetch?: FetchLike
}

/** The rows of these options in the tables of sources. */
export const ISSUER_OPTIONS = {
  issuer: 'value',
  timeLimit: 'value',
  clockSkew: 'value',
  allowInsecure: 'flag',
  fetch: 'function',
} as const

/** The same with every default filled in. */
export interface IssuerRules {
  readonly issuer: URL
  readonly timeLimit: number
  readonly clockSkew: number
  readonly allowInsecure: boolean
  readonly fetch: FetchLike
}

/** A sign-in waits for the issuer; a person has gone after some seconds. */
const TIME_LIMIT = 5_000
/** The most that `timeLimit` may be; milliseconds. A browser waits no longer. */
const MAX_TIME_LIMIT = 60_000

/** Clocks of servers that ask a time server differ by less. */
const CLOCK_SKEW = 30_000
/** The most that `clockSkew` may be; milliseconds. A token would be good for that much longer. */
const MAX_CLOCK_SKEW = 300_000

/**
 * @param owner the source, for messages: `oidc`
 * @throws ConfigurationError
 */
export function issuerRules(owner: string, options: IssuerOptions): IssuerRules {
  const { timeLimit = TIME_LIMIT, clockSkew = CLOCK_SKEW, allowInsecure = false } = options
  requireRange(`${owner}: timeLimit`, timeLimit, 1, MAX_TIME_LIMIT)
  requireRange(`${owner}: clockSkew`, clockSkew, 0, MAX_CLOCK_SKEW)
  const issuer = requireIssuer(owner, options.issuer, allowInsecure)
  const fetch: FetchLike = options.fetch ?? ((url, init) => globalThis.fetch(url, init))
  return Object.freeze({ issuer, timeLimit, clockSkew, allowInsecure, fetch })
}

function requireIssuer(owner: string, issuer: unknown, allowInsecure: boolean): URL {
  const hint = "Write the issuer as its documentation has it: issuer: 'https://login.corp.example/realms/staff'."
  requireGiven(`${owner}: issuer`, issuer, 'text', hint)
  const text = String(issuer)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    throw new ConfigurationError(`${owner}: issuer: ${shownInput(issuer)} is not the address of an issuer`, { hint })
  if (url.protocol === 'https:' || (allowInsecure && url.protocol === 'http:')) return url
  throw new ConfigurationError(`${owner}: issuer must begin with https://`, {
    hint: 'Give the address with TLS. For a test on one machine write allowInsecure: true.',
  })
}

function requireRange(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return
  throw new ConfigurationError(`${name} must be milliseconds from ${least} to ${most}, and not ${shownInput(value)}`, {
    hint: 'Write 5_000 for five seconds.',
  })
}
