import type { EncKdcRepPart, S4uErrorCode } from '@s4u/krb5'

/**
 * The default difference of clocks that is accepted; milliseconds. Source: RFC 4120 section 3.1.3.
 */
const USUAL_SKEW = 300_000

/** The latest times that a request asks for; milliseconds since the epoch. */
export interface AskedTimes {
  /** When the ticket may begin: the time of the request. */
  readonly from: number
  readonly till: number | undefined
  readonly renewTill: number | undefined
}

type GrantedTimes = Pick<EncKdcRepPart, 'authtime' | 'starttime' | 'endtime' | 'renewTill'>

/**
 * Returns what is wrong with the times of a ticket; undefined if it begins, ends and can be renewed
 * no later than was asked for.
 */
export function wrongTimes(
  { authtime, starttime, endtime, renewTill }: GrantedTimes,
  asked: AskedTimes,
  skew: number = USUAL_SKEW,
): { readonly what: string; readonly code: S4uErrorCode } | undefined {
  const isLater = (time = -Infinity, limit = Infinity): boolean => time > limit + skew
  if (isLater(starttime ?? authtime, asked.from))
    return { what: 'carries a ticket that begins later', code: 'KRB_AP_ERR_TKT_NYV' }
  if (isLater(endtime, asked.till))
    return { what: 'carries a ticket that lasts longer than was asked for', code: 'KRB_AP_ERR_MODIFIED' }
  if (isLater(renewTill, asked.renewTill))
    return { what: 'carries a ticket that can be renewed for longer than was asked for', code: 'KRB_AP_ERR_MODIFIED' }
  return undefined
}
