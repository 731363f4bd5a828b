/** What krb5.conf says of how KDCs are asked, and of what they are asked for. Options go first. */

import { ConfigurationError, DEFAULT_ETYPES, type Krb5Conf } from '@s4u/krb5'

/** Of one client. */
export interface ExchangeOptions {
  readonly encryptionTypes?: readonly number[]
  readonly canonicalize?: boolean
  readonly forwardable?: boolean
}

export interface ConfiguredExchanges {
  /** Encryption types to sign in with, and to ask for tickets with, best first. */
  readonly signInEtypes: readonly number[]
  readonly etypes: readonly number[]
  readonly canonicalize: boolean | undefined
  readonly forwardable: boolean
  /** Milliseconds. */
  readonly clockSkew: number | undefined
}

/** @throws ConfigurationError for a value that cannot be read, with file and line */
export function configuredExchanges(options: ExchangeOptions, conf: Krb5Conf | undefined): ConfiguredExchanges {
  const { encryptionTypes, canonicalize, forwardable } = options
  return {
    signInEtypes: encryptionTypes ?? conf?.encryptionTypes('default_tkt_enctypes') ?? DEFAULT_ETYPES,
    etypes: encryptionTypes ?? conf?.encryptionTypes('default_tgs_enctypes') ?? DEFAULT_ETYPES,
    canonicalize: canonicalize ?? conf?.boolean('libdefaults', 'canonicalize'),
    forwardable: forwardable ?? conf?.boolean('libdefaults', 'forwardable') ?? true,
    clockSkew: conf && durationWithin(conf, 'clockskew', 0, MAX_CLOCK_SKEW),
  }
}

/** As for the option `clockSkew` of an acceptor: more is no skew but no check at all. */
const MAX_CLOCK_SKEW = 3_600_000

export interface ConfiguredManner extends Partial<Manner> {
  /** For one exchange; milliseconds. */
  readonly timeLimit?: number
}

/**
 * `udp_preference_limit` (octets), `kdc_timeout` (Heimdal; how long one KDC is waited for before the next one), `max_retries` (how often
 * all are asked), `request_timeout` (MIT 1.22; all together, 0 for no other limit than the usual one). @throws ConfigurationError
 */
export function configuredManner(conf: Krb5Conf): ConfiguredManner {
  const udpPreferenceLimit = conf.integer('libdefaults', 'udp_preference_limit')
  const firstWait = durationWithin(conf, 'kdc_timeout', 1, MAX_WAIT, millisecondsOfJava)
  const rounds = conf.integer('libdefaults', 'max_retries')
  const timeLimit = durationWithin(conf, 'request_timeout', 0, MAX_WAIT)
  return {
    // As MIT: less than nothing is as if it were not set.
    ...(udpPreferenceLimit !== undefined && udpPreferenceLimit >= 0 && { udpPreferenceLimit }),
    ...(firstWait !== undefined && { firstWait }),
    ...(rounds !== undefined && rounds > 0 && { rounds }),
    ...(timeLimit && { timeLimit }),
  }
}

/** Nobody waits for a ticket for a day. */
const MAX_WAIT = 86_400_000

/**
 * Java's `kdc_timeout` is milliseconds where it is a bare number, Heimdal's is seconds, and both read the same file. Nobody waits for one
 * KDC for a quarter of an hour: so large a number is Java's.
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

/** How KDCs are asked. */
export interface Manner {
  /** Larger requests go by TCP first; octets. */
  readonly udpPreferenceLimit: number
  /** How long one KDC is waited for before another one is asked; milliseconds. In the next round it is twice as long. */
  readonly firstWait: number
  /** How often all are asked. */
  readonly rounds: number
}
