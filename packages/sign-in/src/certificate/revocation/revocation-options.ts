import { ConfigurationError, type OptionTableOf, requireGiven, shownInput } from '@s4u/krb5'
import type { FetchLike } from '../../issuers/fetch-like.js'

/** How it is found out whether a certificate was revoked. */
export interface RevocationOptions {
  /**
   * Whether OCSP responders are asked: those that the certificates name (`true`, default), the one
   * at this address, or none (`false`). Example: `ocsp: 'http://ocsp.corp.example'`.
   */
  readonly ocsp?: boolean | string
  /**
   * Whether revocation lists are read: those that the certificates name (`true`, default), those at
   * these addresses (`http:`, `https:`, `file:`, `ldap:`, `ldaps:`), or none (`false`). An `ldap:`
   * address without a server, as AD CS writes it, is looked up in the option `directory`. Example:
   * `crl: ['file:///etc/pki/issuing-ca.crl']`.
   */
  readonly crl?: boolean | string | readonly string[]
  /**
   * Whether an OCSP answer must repeat the nonce of the request. Default: `false`; AD CS sends
   * none.
   */
  readonly requireNonce?: boolean
  /** For one address; milliseconds, default 5,000. */
  readonly timeLimit?: number
  /**
   * How long an answer serves at most; milliseconds, default 600,000 (10 minutes). It never serves
   * longer than it says itself.
   */
  readonly maxAge?: number
  /** What fetches, for proxies. Default: that of Node. */
  readonly fetch?: FetchLike
}

/** Every name in RevocationOptions; others are refused. */
export const REVOCATION_OPTIONS = {
  ocsp: 'value',
  crl: 'value',
  requireNonce: 'flag',
  timeLimit: 'value',
  maxAge: 'value',
  fetch: 'function',
} as const satisfies OptionTableOf<RevocationOptions>

/** A slow responder keeps people waiting, and their requests open. */
const TIME_LIMIT = 5_000
/**
 * How long an answer about a certificate is used by default; milliseconds. A certificate that was
 * taken back goes on working for that long.
 */
const MAX_AGE = 600_000

/** The same with every default filled in. */
export interface RevocationRules {
  /** Undefined: what the certificates name. */
  readonly responders: readonly string[] | undefined
  readonly lists: readonly string[] | undefined
  readonly requireNonce: boolean
  readonly timeLimit: number
  readonly maxAge: number
  readonly fetch: FetchLike
}

/** @throws ConfigurationError */
export function revocationRules(options: RevocationOptions): RevocationRules {
  const { ocsp = true, crl = true, requireNonce = false, timeLimit = TIME_LIMIT, maxAge = MAX_AGE } = options
  const fetch: FetchLike = options.fetch ?? ((url, init) => globalThis.fetch(url, init))
  const responders = addressesOf('revocation.ocsp', ocsp, /^https?:\/\//)
  const lists = addressesOf('revocation.crl', crl, /^(?:https?|file|ldaps?):\/\//)
  requireMilliseconds('revocation.timeLimit', timeLimit, 1)
  requireMilliseconds('revocation.maxAge', maxAge, 0)
  if (responders?.length === 0 && lists?.length === 0)
    throw new ConfigurationError('certificate: revocation needs ocsp or crl, and both are false', {
      hint: "Leave one of them out, or write revocation: 'off' to believe certificates until they end.",
    })
  return { responders, lists, requireNonce, timeLimit, maxAge, fetch }
}

/** Undefined for `true`: what each certificate names. */
function addressesOf(name: string, value: unknown, form: RegExp): readonly string[] | undefined {
  if (value === true) return undefined
  if (value === false) return []
  const addresses: unknown = typeof value === 'string' ? [value] : value
  const hint =
    'Write true, false, or addresses that begin with http://, https:// or, for a list, file://, ldap:// or ldaps://.'
  requireGiven(name, addresses, 'list of texts', hint)
  const all = Array.isArray(addresses) ? addresses.map(String) : []
  for (const address of all)
    if (!form.test(address) || !URL.canParse(address))
      throw new ConfigurationError(`${name}: ${shownInput(address)} is not an address`, { hint })
  if (all.length === 0) throw new ConfigurationError(`${name} is an empty list`, { hint })
  return all
}

function requireMilliseconds(name: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least && value <= 86_400_000) return
  throw new ConfigurationError(`${name} must be a number of milliseconds, and not ${shownInput(value)}`, {
    hint: 'Write 5_000 for five seconds; a day is the most.',
  })
}
