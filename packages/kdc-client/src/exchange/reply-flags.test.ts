import { KdcOption, kerberosFlags, TicketFlag } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { isPlausibleFlags } from './reply-flags.js'

describe('the flags of a reply', () => {
  const asked = kerberosFlags(KdcOption.FORWARDABLE, KdcOption.RENEWABLE_OK)

  test('may be those asked for, fewer, and those that no client asks for', () => {
    expect(isPlausibleFlags(kerberosFlags(), asked)).toBe(true)
    const granted = [TicketFlag.FORWARDABLE, TicketFlag.RENEWABLE, TicketFlag.INITIAL, TicketFlag.PRE_AUTHENT]
    expect(isPlausibleFlags(kerberosFlags(...granted, TicketFlag.OK_AS_DELEGATE, TicketFlag.ENC_PA_REP), asked)).toBe(
      true,
    )
  })

  test.each([
    ['proxiable', TicketFlag.PROXIABLE],
    ['forwarded', TicketFlag.FORWARDED],
    ['a proxy', TicketFlag.PROXY],
    ['postdated', TicketFlag.POSTDATED],
    ['invalid', TicketFlag.INVALID],
    ['anonymous', TicketFlag.ANONYMOUS],
  ])('may not be %s unasked', (_name, flag) => {
    expect(isPlausibleFlags(kerberosFlags(flag), asked)).toBe(false)
  })

  const { FORWARDABLE, FORWARDED, PROXIABLE, PROXY, MAY_POSTDATE, POSTDATED, INVALID, RENEWABLE, ANONYMOUS } =
    TicketFlag
  test.each<[what: string, flag: number, ...options: number[]]>([
    ['forwardable', FORWARDABLE, KdcOption.FORWARDABLE],
    ['forwarded', FORWARDED, KdcOption.FORWARDED],
    ['proxiable', PROXIABLE, KdcOption.PROXIABLE],
    ['a proxy', PROXY, KdcOption.PROXY],
    ['postdatable', MAY_POSTDATE, KdcOption.ALLOW_POSTDATE],
    ['postdated', POSTDATED, KdcOption.POSTDATED],
    ['invalid until later', INVALID, KdcOption.POSTDATED],
    ['renewable', RENEWABLE, KdcOption.RENEWABLE, KdcOption.RENEWABLE_OK, KdcOption.RENEW],
    ['anonymous', ANONYMOUS, KdcOption.REQUEST_ANONYMOUS],
  ])('may be %s when exactly that was asked for', (_what, flag, ...options) => {
    const granting = Object.values(KdcOption).filter((option) =>
      isPlausibleFlags(kerberosFlags(flag), kerberosFlags(option)),
    )
    expect(granting.sort((a, b) => a - b)).toEqual(options.sort((a, b) => a - b))
    expect(isPlausibleFlags(kerberosFlags(flag), kerberosFlags())).toBe(false)
  })

  test('may be those of the ticket that was shown, but for invalid', () => {
    const shown = kerberosFlags(TicketFlag.PROXIABLE, TicketFlag.INVALID)
    expect(isPlausibleFlags(kerberosFlags(TicketFlag.PROXIABLE), asked, shown)).toBe(true)
    expect(isPlausibleFlags(kerberosFlags(TicketFlag.INVALID), asked, shown)).toBe(false)
  })
})
