import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { secretOctets } from './secret-octets.js'

test('secret octets are the same octets, and are printed as their number only', () => {
  const whole = Uint8Array.of(9, 1, 2, 3, 9)
  const secret = secretOctets(whole.subarray(1, 4))
  expect([...secret]).toEqual([1, 2, 3])
  expect([secret.buffer === whole.buffer, secret.byteOffset]).toEqual([true, 1])
  const shown = '<3 secret octets>'
  expect([`${secret}`, String(secret), JSON.parse(JSON.stringify(secret)), inspect(secret)]).toEqual([
    shown,
    shown,
    shown,
    shown,
  ])
  expect(inspect(secret.subarray(1))).toBe('<2 secret octets>')
})
