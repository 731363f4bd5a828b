/**
 * Reads durations as krb5.conf writes them. Source: MIT krb5 documentation, "Supported date and
 * time formats", Duration.
 */

/**
 * Returns whole seconds; undefined if the text is not a duration. Forms: `300`, `5m`, `1d12h`,
 * `-5m`, `10:30`, `10:30:00`, `1-10:30:00`. As in MIT's library, each part of `1d 2h` has its own
 * sign, and the sum must fit into 32 bits.
 *
 * @example
 * ```ts
 * import { secondsOfDuration } from '@s4u/krb5'
 *
 * console.log(secondsOfDuration('1d12h')) // 129600
 * console.log(secondsOfDuration('soon')) // undefined
 * ```
 */
export function secondsOfDuration(text: string): number | undefined {
  const clock = /^(?:(-?\d{1,10})-)?(-?\d{1,10}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text)
  const parts = clock ?? UNITS.exec(text)
  if (parts === null) return undefined
  const [days, hours, minutes, seconds] = parts.slice(1).map((part = '0') => Number(part))
  const sum = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
  return Math.abs(sum) > MAX_SECONDS ? undefined : sum + 0
}

/** The largest number that fits into a krb5_deltat of MIT. */
const MAX_SECONDS = 0x7fff_ffff

const NUMBER = String.raw`(-?\d{1,10})`
const UNITS = new RegExp(String.raw`^(?=-?\d)(?:${NUMBER}d)?\s*(?:${NUMBER}h)?\s*(?:${NUMBER}m)?\s*(?:${NUMBER}s?)?$`)
