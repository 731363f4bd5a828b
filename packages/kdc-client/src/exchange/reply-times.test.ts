import { expect, test } from 'vitest'
import { wrongTimes } from './reply-times.js'

const HOUR = 3_600_000
const asked = { from: 0, till: 10 * HOUR, renewTill: 20 * HOUR }
const honest = { authtime: 0, endtime: 10 * HOUR, renewTill: 20 * HOUR }

test.each([
  ['all that was asked for', {}, undefined],
  ['less', { endtime: HOUR, renewTill: undefined }, undefined],
  ['a little more, as clocks differ', { starttime: 300_000, endtime: 10 * HOUR + 300_000 }, undefined],
  ['a later beginning', { starttime: 300_001 }, 'KRB_AP_ERR_TKT_NYV'],
  ['a later sign-in, where no beginning is named', { authtime: 300_001 }, 'KRB_AP_ERR_TKT_NYV'],
  ['a later end', { endtime: 10 * HOUR + 300_001 }, 'KRB_AP_ERR_MODIFIED'],
  ['a later end of renewing', { renewTill: 20 * HOUR + 300_001 }, 'KRB_AP_ERR_MODIFIED'],
])('%s from a KDC', (_what, granted, code) => {
  expect(wrongTimes({ ...honest, ...granted }, asked)?.code).toBe(code)
})

test('what was not limited is not wrong', () => {
  expect(wrongTimes(honest, { from: 0, till: undefined, renewTill: undefined })).toBeUndefined()
})

test.each([
  [{ starttime: 300_001 }, 'carries a ticket that begins later'],
  [{ endtime: 10 * HOUR + 300_001 }, 'carries a ticket that lasts longer than was asked for'],
  [{ renewTill: 20 * HOUR + 300_001 }, 'carries a ticket that can be renewed for longer than was asked for'],
])('%j is told: %s', (granted, what) => {
  expect(wrongTimes({ ...honest, ...granted }, asked)?.what).toBe(what)
})

test('a ticket that cannot be renewed is not renewed for too long, however early that would be', () => {
  expect(wrongTimes({ authtime: 0, endtime: 0 }, { from: 0, till: 0, renewTill: -300_001 })).toBeUndefined()
})
