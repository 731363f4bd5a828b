/**
 * Reads the settings of krb5.conf that decide which tickets are requested. The options of a client
 * take precedence.
 */

import { DEFAULT_ETYPES, type Krb5Conf } from '@s4u/krb5'
import { durationWithin } from './duration-within.js'

/** The options of one client that take precedence over krb5.conf. */
export interface ExchangeOptions {
  readonly encryptionTypes?: readonly number[]
  readonly canonicalize?: boolean
  readonly forwardable?: boolean
  readonly lifetime?: number
  readonly renewableFor?: number
}

export interface ConfiguredExchanges {
  /** Encryption types that sign-in offers, best first. */
  readonly signInEtypes: readonly number[]
  /** Encryption types that requests for tickets offer, best first. */
  readonly etypes: readonly number[]
  readonly canonicalize: boolean | undefined
  readonly forwardable: boolean
  /** How long a ticket-granting ticket is asked for; milliseconds. */
  readonly lifetime: number | undefined
  /** How long it is to be renewable; milliseconds. */
  readonly renewableFor: number | undefined
  /** The difference of clocks that is accepted; milliseconds. */
  readonly clockSkew: number | undefined
}

/**
 * Returns what a client asks KDCs for.
 *
 * @throws ConfigurationError for a value that cannot be read, with file and line
 */
export function configuredExchanges(options: ExchangeOptions, conf: Krb5Conf | undefined): ConfiguredExchanges {
  const { encryptionTypes, canonicalize, forwardable, lifetime, renewableFor } = options
  return {
    signInEtypes: encryptionTypes ?? conf?.encryptionTypes('default_tkt_enctypes') ?? DEFAULT_ETYPES,
    etypes: encryptionTypes ?? conf?.encryptionTypes('default_tgs_enctypes') ?? DEFAULT_ETYPES,
    canonicalize: canonicalize ?? conf?.boolean('libdefaults', 'canonicalize'),
    forwardable: forwardable ?? conf?.boolean('libdefaults', 'forwardable') ?? true,
    lifetime: lifetime ?? lifetimeIn(conf, 'ticket_lifetime'),
    renewableFor: renewableFor ?? lifetimeIn(conf, 'renew_lifetime'),
    clockSkew: conf && durationWithin(conf, 'clockskew', 0, MAX_CLOCK_SKEW),
  }
}

/** Returns undefined for 0, which counts as not set, as in MIT's library. */
function lifetimeIn(conf: Krb5Conf | undefined, name: string): number | undefined {
  return (conf && durationWithin(conf, name, 0, LONGEST_LIFETIME)) || undefined
}

/** Ten years, milliseconds: no KDC gives more, and times beyond 9999 cannot be written. */
export const LONGEST_LIFETIME = 315_360_000_000

/** As for the option `clockSkew` of an acceptor: a larger value would switch the check off. */
const MAX_CLOCK_SKEW = 3_600_000
