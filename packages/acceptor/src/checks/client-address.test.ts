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
    ['::FFFF:10.200.30.4', '0ac81e04'],
    ['255.0.10.99', 'ff000a63'],
    ['::ffff:10.200.30.104', '0ac81e68'],
    ['::ffff:a00:1', '00000000000000000000ffff0a000001'],
    ['FE80::ABCD', 'fe80000000000000000000000000abcd'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
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
    '1:2:3:4:5:6:7:',
    '12345::1',
    '::12345',
    '::1g',
    '::ffff:10.0.0.1x',
    'x::ffff:10.0.0.1',
    '::ffff:10.0.0',
    '::ffff:10.0.0.256',
    '10.0.0.-1',
    '10.0.0.1x',
    'x10.0.0.1',
    '10.0.0.0001',
    '10.0..1',
    '10.0.0.',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeUndefined())

  test.each<[readonly number[], string | undefined, string]>([
    [[10, 0, 0, 2], '10.0.0.1', '10.0.0.1'],
    [[10, 0, 0], '10.0.0.1', '10.0.0.1'],
    [[10, 0, 0, 1], undefined, 'an unknown address'],
    [[10, 0, 0, 1], 'unix', 'unix'],
  ])('in a ticket for %j is not %s', (octets, address, shown) => {
    const caddr = [{ addrType: 2, address: Uint8Array.from(octets) }]
    expect(() => requireClientAddress(caddr, address)).toThrow(
      expect.objectContaining({
        name: 'RejectedTokenError',
        code: 'KRB_AP_ERR_BADADDR',
        message: `the ticket is not good from ${shown}`,
        hint: 'The client is behind NAT or a proxy (pass the real address), or the ticket was taken from elsewhere. Or set checkAddresses: false.',
      }),
    )
  })

  test('may be one of several in the ticket, and of either family', () => {
    const caddr = [
      { addrType: 2, address: Uint8Array.of(10, 0, 0, 2) },
      { addrType: 2, address: Uint8Array.of(10, 0, 0, 1) },
      { addrType: 24, address: Uint8Array.of(...new Uint8Array(15), 1) },
    ]
    expect(() => requireClientAddress(caddr, '10.0.0.1')).not.toThrow()
    expect(() => requireClientAddress(caddr, '::1')).not.toThrow()
    expect(() => requireClientAddress(caddr, '::2')).toThrow('not good from ::2')
    expect(() => requireClientAddress(undefined, '10.0.0.9')).not.toThrow()
  })

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
