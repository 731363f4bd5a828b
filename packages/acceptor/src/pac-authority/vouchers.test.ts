import { describe, expect, test } from 'vitest'
import { requireOwnVoucher, vouchersOf } from './vouchers.js'

const OWN = ['AD.TEST', 'WEST.TEST']
const nobodyVouches = vouchersOf()

describe('the option mayVouchFor', () => {
  test.each<[unknown]>([['AD.TEST'], [true], [undefined], [{}]])('takes no %j in the place of a list', (realms) => {
    expect(() => vouchersOf({ 'EAST.TEST': [], 'WEST.TEST': realms as string[] })).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: 'mayVouchFor: what stands at "WEST.TEST" is no list of realms',
        hint: "Write { 'WEST.TEST': ['EAST.TEST'] } if the KDC of WEST.TEST may name users of EAST.TEST.",
      }),
    )
  })

  test('is in one direction, in any letter case, and about the realms that it names', () => {
    const vouches = vouchersOf({ 'West.Test': ['NORTH.TEST', 'Ad.Test'] })
    expect(vouches('WEST.TEST', 'AD.TEST')).toBe(true)
    expect(vouches('west.test', 'north.test')).toBe(true)
    expect(vouches('AD.TEST', 'WEST.TEST')).toBe(false)
    expect(vouches('WEST.TEST', 'SOUTH.TEST')).toBe(false)
    expect(vouchersOf({ 'WEST.TEST': [] })('WEST.TEST', 'AD.TEST')).toBe(false)
    expect(nobodyVouches('WEST.TEST', 'AD.TEST')).toBe(false)
  })
})

describe('a user of a realm whose key we have', () => {
  test('is refused with a ticket that the KDC of another one sealed', () => {
    expect(() => requireOwnVoucher('AD.TEST', 'WEST.TEST', OWN, nobodyVouches)).toThrow(
      expect.objectContaining({
        name: 'RejectedTokenError',
        code: 'KRB_AP_PATH_NOT_ACCEPTED',
        message:
          'a user of AD.TEST has a ticket of the KDC of WEST.TEST, although this service has a key of AD.TEST as well',
        hint: 'If users of AD.TEST may come with tickets for the service in WEST.TEST, say so in mayVouchFor. Else the KDC of WEST.TEST, or whoever has its keys, names users of another realm.',
      }),
    )
    expect(() => requireOwnVoucher('ad.test', 'WEST.TEST', OWN, nobodyVouches)).toThrow('a user of ad.test')
  })

  test.each([
    ['the KDC of the realm itself sealed it', 'ad.test', 'AD.TEST', OWN],
    ['we have keys of one realm alone', 'AD.TEST', 'WEST.TEST', ['AD.TEST']],
    ['we have no key of the user’s realm', 'EAST.TEST', 'WEST.TEST', OWN],
  ])('and any other passes when %s', (_when, crealm, sealedBy, own) => {
    expect(() => requireOwnVoucher(crealm, sealedBy, own, nobodyVouches)).not.toThrow()
  })

  test('passes when the option lets that KDC vouch', () => {
    const vouches = vouchersOf({ 'WEST.TEST': ['AD.TEST'] })
    expect(() => requireOwnVoucher('AD.TEST', 'WEST.TEST', OWN, vouches)).not.toThrow()
    expect(() => requireOwnVoucher('WEST.TEST', 'AD.TEST', OWN, vouches)).toThrow('a user of WEST.TEST')
  })
})
