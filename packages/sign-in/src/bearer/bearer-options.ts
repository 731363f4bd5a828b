import { ConfigurationError, type OptionTableOf, requireGiven, requireOneOf, shownInput } from '@s4u/krb5'
import type { AskedLevel } from '@s4u/negotiate'
import type { AccountClaimOptions } from '../issuers/account-claim.js'
import { ISSUER_OPTIONS, type IssuerOptions } from '../issuers/issuer-options.js'

/** Options of `bearer`. */
export interface BearerOptions extends IssuerOptions, AccountClaimOptions {
  /**
   * The name of this API at the issuer, which a token must have in `aud`. Example: `api://orders`.
   */
  readonly audience: string | readonly string[]
  /**
   * What a token must permit, all of it: in `scope` or `scp`. Default: nothing. Example:
   * `scope: ['orders.read']`.
   */
  readonly scope?: string | readonly string[]
  /**
   * Signatures that count. Default: `['RS256', 'PS256', 'ES256', 'EdDSA']`. Those that are made
   * with a shared secret are refused.
   */
  readonly algorithms?: readonly string[]
  /**
   * The type that a token must have. `at+jwt` (default): an access token of RFC 9068. `JWT`:
   * issuers that do not mark access tokens, such as Entra; ID tokens are then known by their
   * claims.
   */
  readonly type?: 'at+jwt' | 'JWT'
  /** As in `identityFor`: `impersonation` (default) needs `delegation.protocolTransition`. */
  readonly level?: AskedLevel
  /** Whether tokens may come over TLS only. Default `true`. */
  readonly requireTls?: boolean
}

/** Every name in BearerOptions; others are refused. */
export const BEARER_OPTIONS = {
  ...ISSUER_OPTIONS,
  claim: 'value',
  account: 'value',
  suffixes: 'texts',
  audience: 'value',
  scope: 'value',
  algorithms: 'texts',
  type: 'value',
  level: 'value',
  requireTls: 'flag',
} as const satisfies OptionTableOf<BearerOptions>

/** What a token must be. */
export interface TokenRules {
  readonly audience: readonly string[]
  readonly scope: readonly string[]
  readonly algorithms: readonly string[]
  readonly type: 'at+jwt' | 'JWT'
}

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']

/** Those whose key the issuer alone has. */
const SIGNATURE = /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519)$/

/** @throws ConfigurationError */
export function tokenRules({ audience, scope = [], algorithms = ALGORITHMS, type }: BearerOptions): TokenRules {
  const hint = "Write audience: 'api://orders', the name that the issuer has for this API."
  const audiences = listOf('bearer: audience', audience, hint)
  if (audiences.length === 0) throw new ConfigurationError('bearer: audience is an empty list', { hint })
  const wrong = algorithms.find((one) => !SIGNATURE.test(one))
  if (wrong !== undefined || algorithms.length === 0)
    throw new ConfigurationError(`bearer: algorithms: ${shownInput(wrong)} is not a signature of an issuer`, {
      hint: "Write algorithms: ['RS256'], what the issuer signs with. With HS256 each API could make tokens for all others.",
    })
  const kind = requireOneOf('bearer: type', type, ['at+jwt', 'JWT']) ?? 'at+jwt'
  const scopes = listOf('bearer: scope', scope, "Write scope: ['orders.read'].")
  const odd = scopes.find((one) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(one))
  if (odd !== undefined)
    throw new ConfigurationError(`bearer: scope: ${shownInput(odd)} is not one scope`, {
      hint: "Write a list where several are needed: scope: ['orders.read', 'orders.write'].",
    })
  return { audience: audiences, scope: scopes, algorithms, type: kind }
}

function listOf(name: string, value: unknown, hint: string): readonly string[] {
  const list: unknown = typeof value === 'string' ? [value] : value
  requireGiven(name, list, 'list of texts', hint)
  return Array.isArray(list) ? list.map(String) : []
}
