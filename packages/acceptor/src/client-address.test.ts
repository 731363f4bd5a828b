import { describe, expect, test } from 'vitest'
import { parseAddress, requireClientAddress } from './client-address.js'

const hex = (text: string) => Buffer.from(parseAddress(text)?.address ?? []).toString('hex')

describe('an address', () => {
  test.each([
    ['10.0.0.1', '0a000001'],
    ['::ffff:10.0.0.1', '0a000001'],
    ['::1', '00000000000000000000000000000001'],
    ['::', '00000000000000000000000000000000'],
    ['fe80::1:2%eth0', 'fe800000000000000000000000010002'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['1::', '00010000000000000000000000000000'],
  ])('%s is read', (text, octets) => {
    expect(hex(text)).toBe(octets)
    expect(parseAddress(text)?.addrType).toBe(octets.length === 8 ? 2 : 24)
  })

  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.1.2',
    '1:2:3',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    'g::1',
    'localhost',
    '1:2:3:4::5:6:7:8',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeUndefined())

  test('that is none is not the one in the ticket', () => {
    expect(() => requireClientAddress([{ addrType: 2, address: Uint8Array.of(1, 2, 3, 4) }], 'proxy')).toThrow(
      'not good from proxy',
    )
  })

  test('of another family with the same octets is another', () => {
    const caddr = [{ addrType: 20, address: Uint8Array.of(10, 0, 0, 1) }]
    expect(() => requireClientAddress(caddr, '10.0.0.1')).toThrow('not good from')
    expect(() => requireClientAddress([], undefined)).not.toThrow()
  })
})
