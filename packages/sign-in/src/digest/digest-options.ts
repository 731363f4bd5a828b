import { MemoryReplayStore, type ReplayStore } from '@s4u/acceptor'
import { closeOptions, ConfigurationError, type OptionTableOf, shownInput } from '@s4u/krb5'
import type { AskedLevel } from '@s4u/negotiate'
import { requireRealms } from '../accounts/taken-realms.js'
import { DIGEST_ALGORITHMS, type DigestAlgorithm } from './digest-arithmetic.js'

/** Whose secret is asked for. */
export interface DigestUser {
  /** The name as the client sent it. It has no colon and no controls. */
  readonly user: string
  readonly realm: string
  readonly algorithm: DigestAlgorithm
}

/** Whose name is asked for: a client has sent its hash. */
export interface HashedDigestUser extends Omit<DigestUser, 'user'> {
  /** H(user:realm), in hexadecimal digits, as `digestUserHash` makes it. */
  readonly userHash: string
}

/**
 * What a user proves to know: the password, or its hash, H(user:realm:password) in hexadecimal
 * digits, as `htdigest` and `digestSecret` make it. `account` is the user in the directory, where
 * that has another name.
 */
export type DigestSecret = { readonly account?: string } & ({ readonly password: string } | { readonly hash: string })

/** Options of `digest`. */
export interface DigestOptions {
  /**
   * Returns the secret of a user; undefined for a user who is not known. Active Directory gives
   * out none, so it comes from a store of the app.
   */
  readonly secretFor: (user: DigestUser) => DigestSecret | undefined | Promise<DigestSecret | undefined>
  /**
   * Returns the name of the user whose hash a client has sent in place of it (RFC 7616 section
   * 3.4.4); undefined for a hash that is nobody's. With it the challenge says `userhash=true`, so
   * that clients hide names on the network. Make the hashes with `digestUserHash`, for each
   * algorithm. Default: names are sent as they are.
   */
  readonly userOf?: (user: HashedDigestUser) => string | undefined | Promise<string | undefined>
  /** The name of the protected place, which is part of every hash. Example: `orders@corp.test`. */
  readonly realm: string
  /**
   * Kerberos realms other than the service's own, and suffixes of user principal names, whose users
   * may come. Default: none, since a store that looks at `alice` of `alice@EAST.TEST` alone gives
   * the secret of another user. Example: `['EAST.TEST']`.
   */
  readonly realms?: readonly string[]
  /**
   * The algorithms that are offered, best first. Default `SHA-256`. Safari and older programs know
   * only `MD5`.
   */
  readonly algorithm?: DigestAlgorithm | readonly DigestAlgorithm[]
  /** How long a nonce is taken; milliseconds, default 300,000. Then the client takes a new one. */
  readonly nonceLifetime?: number
  /**
   * Remembers which counts were used. Default: the memory of this process, whose nonces no other
   * instance takes. With a store that instances share, they take each other's; they then need
   * `session.keys` in common too.
   */
  readonly replayStore?: ReplayStore
  /**
   * How far the service may act for the users: `identification` to know them only, which needs no
   * permission to vouch for them. Default: as far as the directory permits.
   */
  readonly level?: AskedLevel
  /** Whether digests may come over TLS only. Default `true`. */
  readonly requireTls?: boolean
}

/** Every name in DigestOptions; others are refused. */
export const DIGEST_OPTIONS = {
  secretFor: 'function',
  userOf: 'function',
  realm: 'value',
  realms: 'texts',
  algorithm: 'value',
  nonceLifetime: 'value',
  replayStore: 'value',
  level: 'value',
  requireTls: 'flag',
} as const satisfies OptionTableOf<DigestOptions>

/** The options, checked, with their defaults. */
export interface DigestSettings {
  readonly secretFor: DigestOptions['secretFor']
  readonly userOf: DigestOptions['userOf']
  readonly realm: string
  readonly realms: readonly string[]
  readonly algorithms: readonly DigestAlgorithm[]
  readonly nonceLifetime: number
  readonly replayStore: ReplayStore | undefined
  readonly level: AskedLevel | undefined
  readonly requireTls: boolean
}

/** @throws ConfigurationError */
export function readDigestOptions(given: DigestOptions): DigestSettings {
  const options = closeOptions('digest', given, DIGEST_OPTIONS)
  const {
    secretFor,
    userOf,
    realm,
    realms = [],
    nonceLifetime = 300_000,
    replayStore,
    level,
    requireTls = true,
  } = options
  if (typeof secretFor !== 'function') throw new ConfigurationError('digest: secretFor must be a function')
  // In quotes it stands in the challenge, and as it is in hashes: clients differ about escapes.
  if (typeof realm !== 'string' || !/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(realm))
    throw new ConfigurationError('digest: realm must be a text of 1 to 128 characters of ASCII, without quotes and \\')
  requireRealms('digest', realms)
  if (!Number.isInteger(nonceLifetime) || nonceLifetime < MIN_LIFETIME || nonceLifetime > MAX_LIFETIME)
    throw new ConfigurationError(
      `digest: nonceLifetime must be a whole number from ${MIN_LIFETIME} to ${MAX_LIFETIME}, not ${shownInput(nonceLifetime)}`,
    )
  if (replayStore !== undefined && typeof replayStore.remember !== 'function')
    throw new ConfigurationError('digest: replayStore must have remember')
  return {
    secretFor,
    userOf,
    realm,
    realms,
    algorithms: readAlgorithms(options.algorithm),
    nonceLifetime,
    replayStore,
    level,
    requireTls,
  }
}

/** Shorter than a slow answer takes, and every request would be asked twice; milliseconds. */
const MIN_LIFETIME = 1_000
/** All counts are remembered for that long; milliseconds. */
const MAX_LIFETIME = 3_600_000

/** A count takes about 32 octets: 32 MB, and more than 3,000 requests a second for five minutes. */
const MAX_COUNTS = 1_000_000

export function countsOfThisProcess(now: () => number): ReplayStore {
  return new MemoryReplayStore({ maxEntries: MAX_COUNTS, now })
}

function readAlgorithms(given: unknown = 'SHA-256'): readonly DigestAlgorithm[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const known = list.flatMap((one) => DIGEST_ALGORITHMS.filter((algorithm) => algorithm === one))
  if (known.length === list.length && known.length > 0 && new Set(known).size === known.length) return known
  throw new ConfigurationError(
    `digest: algorithm must be one of ${DIGEST_ALGORITHMS.join(', ')}, or a list of them, not ${shownInput(given)}`,
  )
}
