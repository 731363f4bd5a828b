import { ConfigurationError, type Krb5Conf } from '@s4u/krb5'

/**
 * Returns a duration of [libdefaults] in milliseconds; undefined where krb5.conf has none.
 *
 * @param least the smallest value that is accepted, milliseconds
 * @param most the largest one
 * @param meant converts what was written for another program
 * @throws ConfigurationError for a value that cannot be read or is out of range
 */
export function durationWithin(
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
