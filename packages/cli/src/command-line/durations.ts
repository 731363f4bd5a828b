import { secondsOfDuration } from '@s4u/krb5'
import { UsageError } from '../usage-error.js'

/** `8h`, `1d12h`, `30m`, `10:00`, as kinit of MIT takes it; in milliseconds. @throws UsageError */
export function durationOf(option: string, text = ''): number {
  const seconds = secondsOfDuration(text)
  if (seconds !== undefined && seconds > 0) return seconds * 1_000
  throw new UsageError(`${option} is no time`, `Write ${option} 8h, 30m, 7d or 1d12h.`)
}
