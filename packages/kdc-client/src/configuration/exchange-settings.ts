/**
 * Reads the settings of krb5.conf that decide how a KDC is asked, and which tickets are requested.
 * The options of a client take precedence.
 */

import { ConfigurationError, DEFAULT_ETYPES, type Krb5Conf } from '@s4u/krb5'

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

/** How KDCs are asked. */
export interface NetworkSettings {
  /** Requests with more octets than this go by TCP first. */
  readonly udpPreferenceLimit: number
  /**
   * The wait for one KDC before the next one is asked; milliseconds. It doubles with each round.
   */
  readonly firstWait: number
  /** How many times all KDCs are asked. */
  readonly rounds: number
}

/** The settings that krb5.conf has. */
export interface ConfiguredNetwork extends Partial<NetworkSettings> {
  /** The limit of one exchange; milliseconds. */
  readonly timeLimit?: number
}

/**
 * Returns how KDCs are asked:
 *
 * - `udp_preference_limit`: octets
 * - `kdc_timeout` (Heimdal): the wait for one KDC before the next one is asked
 * - `max_retries`: how many times all KDCs are asked
 * - `request_timeout` (MIT 1.22): the limit of one exchange; 0 keeps the default limit
 *
 * @throws ConfigurationError for a value that cannot be read, with file and line
 */
export function configuredNetwork(conf: Krb5Conf): ConfiguredNetwork {
  const udpPreferenceLimit = conf.integer('libdefaults', 'udp_preference_limit')
  const firstWait = durationWithin(conf, 'kdc_timeout', 1, MAX_WAIT, millisecondsOfJava)
  const rounds = conf.integer('libdefaults', 'max_retries')
  const timeLimit = durationWithin(conf, 'request_timeout', 0, MAX_WAIT)
  return {
    // A negative number counts as not set, as in MIT's library.
    ...(udpPreferenceLimit !== undefined && udpPreferenceLimit >= 0 && { udpPreferenceLimit }),
    ...(firstWait !== undefined && { firstWait }),
    ...(rounds !== undefined && rounds > 0 && { rounds }),
    ...(timeLimit && { timeLimit }),
  }
}

/** A longer wait, a day, is a mistake. */
const MAX_WAIT = 86_400_000

/**
 * Converts a `kdc_timeout` that was written for Java. Java reads a number without a unit as
 * milliseconds, Heimdal as seconds, and both read the same file. 1,000 seconds for one KDC make no
 * sense, so a number from 1,000 on is Java's.
 */
function millisecondsOfJava(milliseconds: number, written: string): number {
  return /^\d+$/.test(written) && milliseconds >= 1_000_000 ? milliseconds / 1000 : milliseconds
}

function durationWithin(
  conf: Krb5Conf,
  name: string,
  least: number,
  most: number,
  meant: (milliseconds: number, written: string) => number = (milliseconds) => milliseconds,
): number | undefined {
  const duration = conf.duration('libdefaults', name)
  if (duration === undefined) return undefined
  const value = meant(duration, conf.string('libdefaults', name) ?? '')
  if (value >= least && value <= most) return value
  throw new ConfigurationError(
    `krb5.conf, ${name}: ${value / 1000} seconds are not from ${least / 1000} to ${most / 1000}`,
    {
      code: 'KRB5_CONFIG_BADFORMAT',
      hint: `Mend or take out ${name} in [libdefaults], or say the time in the options, which go first.`,
    },
  )
}
