/**
 * Reads the settings of krb5.conf that decide how KDCs are asked: by UDP or TCP, how long, how many
 * times.
 */

import type { Krb5Conf } from '@s4u/krb5'
import { durationWithin } from './duration-within.js'

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
