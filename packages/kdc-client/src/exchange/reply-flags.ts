import { hasFlag, KdcOption, type KerberosFlags, TicketFlag } from '@s4u/krb5'

/**
 * The flags that a ticket has only if its client asked for them, each with the options that ask.
 * Source: RFC 4120 section 2.
 */
const ON_REQUEST: readonly (readonly [flag: number, options: readonly number[]])[] = [
  [TicketFlag.FORWARDABLE, [KdcOption.FORWARDABLE]],
  [TicketFlag.FORWARDED, [KdcOption.FORWARDED]],
  [TicketFlag.PROXIABLE, [KdcOption.PROXIABLE]],
  [TicketFlag.PROXY, [KdcOption.PROXY]],
  [TicketFlag.MAY_POSTDATE, [KdcOption.ALLOW_POSTDATE]],
  [TicketFlag.POSTDATED, [KdcOption.POSTDATED]],
  [TicketFlag.INVALID, [KdcOption.POSTDATED]],
  [TicketFlag.RENEWABLE, [KdcOption.RENEWABLE, KdcOption.RENEWABLE_OK, KdcOption.RENEW]],
  [TicketFlag.ANONYMOUS, [KdcOption.REQUEST_ANONYMOUS]],
]

/**
 * Returns whether the KDC granted only flags that were asked for. It may grant less.
 *
 * @param inherited the flags of the ticket in the request, which renewed and forwarded tickets keep
 */
export function isPlausibleFlags(flags: KerberosFlags, asked: KerberosFlags, inherited?: KerberosFlags): boolean {
  return ON_REQUEST.every(
    ([flag, options]) =>
      !hasFlag(flags, flag) ||
      options.some((option) => hasFlag(asked, option)) ||
      (flag !== TicketFlag.INVALID && inherited !== undefined && hasFlag(inherited, flag)),
  )
}
