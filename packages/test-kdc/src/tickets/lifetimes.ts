import { hasFlag, KdcOption, type KdcReqBody } from '@s4u/krb5'
import type { Kdc } from '../kdc/kdc.js'
import { refuse } from '../kdc/refusal.js'

/** The times of a ticket, in milliseconds since the epoch. Whole seconds, as on the wire. */
export interface TicketTimes {
  readonly starttime: number
  readonly endtime: number
  /** Undefined for tickets that are not renewable. */
  readonly renewTill?: number
}

/** How long a ticket may last. */
export interface TimeLimits {
  readonly now: number
  /** Milliseconds. */
  readonly lifetime: number
  readonly renewLifetime: number
  /** Times that the ticket must not outlive: the ends of the TGT and of the evidence. */
  readonly notAfter?: readonly number[]
  /** The renew-till of the TGT. The TGT must be renewable for a renewable ticket. */
  readonly renewNotAfter?: number
  readonly mayRenew: boolean
}

/**
 * Returns the times that the client asks for, cut to what is allowed. Source: RFC 4120 sections
 * 3.1.3 and 3.3.3.
 */
export function grantTimes(body: KdcReqBody, limits: TimeLimits): TicketTimes {
  const starttime = wholeSeconds(limits.now)
  const till = endless(body.till)
  if (till <= starttime) refuse('KDC_ERR_NEVER_VALID', 'the ticket would have ended before it began')
  const endtime = Math.min(till, starttime + limits.lifetime, ...(limits.notAfter ?? []))
  const wanted = hasFlag(body.kdcOptions, KdcOption.RENEWABLE)
    ? endless(body.rtime ?? body.till)
    : hasFlag(body.kdcOptions, KdcOption.RENEWABLE_OK) && till > endtime
      ? till
      : undefined
  if (wanted === undefined || !limits.mayRenew) return { starttime, endtime }
  const renewTill = Math.min(wanted, limits.renewNotAfter ?? starttime + limits.renewLifetime)
  return { starttime, endtime, renewTill }
}

/**
 * Returns the times of a renewed ticket: the same lifetime again, from now on. Source: RFC 4120
 * section 3.3.3, "RENEW".
 */
export function renewTimes(
  kdc: Kdc,
  ticket: { starttime?: number; authtime: number; endtime: number; renewTill?: number },
): TicketTimes {
  const starttime = wholeSeconds(kdc.now())
  const { renewTill } = ticket
  if (renewTill === undefined) refuse('KDC_ERR_BADOPTION', 'the ticket is not renewable')
  if (renewTill <= starttime) refuse('KRB_AP_ERR_TKT_EXPIRED', 'the time for renewal is over')
  const lifetime = ticket.endtime - (ticket.starttime ?? ticket.authtime)
  return { starttime, endtime: Math.min(renewTill, starttime + lifetime), renewTill }
}

/** 1970-01-01 means: as long as the KDC allows. Source: RFC 4120 section 3.1.3. */
function endless(time: number): number {
  return time === 0 ? Infinity : time
}

export function wholeSeconds(time: number): number {
  return Math.floor(time / 1000) * 1000
}
