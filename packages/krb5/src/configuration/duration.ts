/** Durations as krb5.conf writes them. Source: MIT krb5 documentation, "Supported date and time formats", Duration. */

/**
 * Whole seconds, undefined for what is no duration: `300`, `5m`, `1d12h`, `-5m`, `10:30`, `10:30:00`, `1-10:30:00`. Each part of
 * `1d 2h` has a sign of its own, as in MIT's library, and there is no more than fits into 32 bits.
 */
export function secondsOfDuration(text: string): number | undefined {
  const clock = /^(?:(-?\d{1,10})-)?(-?\d{1,10}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text)
  const parts = clock ?? UNITS.exec(text)
  if (parts === null) return undefined
  const [days, hours, minutes, seconds] = parts.slice(1).map((part = '0') => Number(part))
  const sum = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
  return Math.abs(sum) > MAX_SECONDS ? undefined : sum + 0
}

/** What a krb5_deltat holds. */
const MAX_SECONDS = 0x7fff_ffff

const NUMBER = String.raw`(-?\d{1,10})`
const UNITS = new RegExp(String.raw`^(?=-?\d)(?:${NUMBER}d)?\s*(?:${NUMBER}h)?\s*(?:${NUMBER}m)?\s*(?:${NUMBER}s?)?$`)
