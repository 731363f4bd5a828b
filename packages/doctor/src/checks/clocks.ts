import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict, warning } from '../engine/finding.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/** How far a clock may be off, milliseconds: RFC 4120 section 1.6 and every KDC's default. */
const MAX_SKEW = 300_000

/** A clock that is off by this much, milliseconds, is not set by NTP, and will be off by more. */
const NOTABLE_SKEW = 60_000

/**
 * A clock of another machine against the own one. @param offset milliseconds; above 0: it is ahead
 */
export function clockVerdict(whose: string, offset: number): Verdict {
  const seconds = Math.round(Math.abs(offset) / 1_000)
  const found =
    seconds === 0
      ? `The clock of ${whose} shows the same time.`
      : `The clock of ${whose} is ${seconds} s ${offset > 0 ? 'ahead of' : 'behind'} this machine's.`
  const details = {
    subject: whose,
    why: 'Tickets and authenticators carry times; from 300 s on they are refused (KRB_AP_ERR_SKEW).',
    hint: 'Set both clocks by NTP: timedatectl set-ntp true; on Windows: w32tm /resync.',
  }
  if (Math.abs(offset) >= MAX_SKEW) return failed(found, { ...details, code: 'KRB_AP_ERR_SKEW' })
  if (Math.abs(offset) >= NOTABLE_SKEW) return warning(found, details)
  return ok(found, { subject: whose })
}

export const directoryClock: Check<ServiceFacts> = {
  name: 'clock-of-directory',
  title: 'The clock of the directory agrees',
  needs: ['directory'],
  run: async (facts) => {
    const directory = await facts.directory()
    const { server, serverTime } = (await directory?.facts()) ?? {}
    if (server === undefined || serverTime === undefined) return []
    return [clockVerdict(server, serverTime - facts.now())]
  },
}
