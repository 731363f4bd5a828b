import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../errors/errors.js'
import { decodeContainer, encodeContainer } from './container.js'

const two = () =>
  encodeContainer([
    { type: 1, data: Uint8Array.of(1, 2, 3) },
    { type: 99, data: Uint8Array.of(4) },
  ])

describe('the container of a PAC', () => {
  test('keeps every buffer in order, unknown types too, and aligns them', () => {
    const buffers = decodeContainer(two())
    expect(buffers.map(({ type, offset, data }) => [type, offset, [...data]])).toEqual([
      [1, 40, [1, 2, 3]],
      [99, 48, [4]],
    ])
  })

  test('may hold empty buffers, wherever they claim to lie', () => {
    const bytes = two()
    new DataView(bytes.buffer).setUint32(12, 0, true)
    new DataView(bytes.buffer).setUint32(16, 0xffff_ffff, true)
    expect(decodeContainer(bytes)[0].data).toHaveLength(0)
  })

  test.each<[string, string, (view: DataView) => void]>([
    [
      'a count above the limit',
      'PAC.cBuffers: expected at most 64 buffers, found 65',
      (view) => view.setUint32(0, 65, true),
    ],
    [
      'a count whose product overflows 32 bits',
      'PAC.cBuffers: expected at most 64 buffers, found 268435457',
      (view) => view.setUint32(0, 0x1000_0001, true),
    ],
    [
      'more entries than octets',
      'PAC.Buffers[3]: expected 60 elements of at least 16 octets, found 48 octets',
      (view) => view.setUint32(0, 60, true),
    ],
    ['another version', 'PAC.Version: expected 0, found 1', (view) => view.setUint32(4, 1, true)],
    [
      'a buffer that begins in the directory',
      'PAC.Buffers[0]: expected LOGON_INFO between octets 40 and 56, found 3 octets at 32',
      (view) => view.setUint32(16, 32, true),
    ],
    [
      'a buffer that ends behind the end',
      'PAC.Buffers[1]: expected buffer type 99 between octets 40 and 56, found 9 octets at 48',
      (view) => view.setUint32(28, 9, true),
    ],
    [
      'a size near 2^32',
      'PAC.Buffers[1]: expected buffer type 99 between octets 40 and 56, found 4294967288 octets at 48',
      (view) => view.setUint32(28, 0xffff_fff8, true),
    ],
    [
      'an offset of more than 32 bits',
      'PAC.Buffers[0]: expected LOGON_INFO between octets 40 and 56, found 3 octets at 4294967336',
      (view) => view.setUint32(20, 1, true),
    ],
    [
      'an offset near 2^64',
      'PAC.Buffers[0]: expected LOGON_INFO between octets 40 and 56, found 3 octets at 18446744069414584000',
      (view) => view.setUint32(20, 0xffff_ffff, true),
    ],
    [
      'an offset that is no multiple of 8',
      'PAC.Buffers[0].Offset: expected a multiple of 8, found 44',
      (view) => view.setUint32(16, 44, true),
    ],
    [
      'buffers that overlap',
      'PAC.Buffers[1].Offset: expected buffer type 99 behind LOGON_INFO, found an overlap at 40',
      (view) => view.setUint32(32, 40, true),
    ],
    [
      'two buffers of one type',
      'PAC.Buffers[1]: expected one LOGON_INFO, found a second one',
      (view) => view.setUint32(24, 1, true),
    ],
  ])('with %s is refused', (_what, message, spoil) => {
    const bytes = two()
    spoil(new DataView(bytes.buffer))
    expect(() => decodeContainer(bytes)).toThrow(expect.objectContaining({ name: 'MalformedTokenError', message }))
  })

  // MIT krb5 src/lib/krb5/krb/t_pac.c, fuzz1 and fuzz2.
  test.each(['000000100000000006ffffff0000f5', '00000020000000002020'])(
    'that a fuzzer found (%s) is refused',
    (text) => {
      expect(() => decodeContainer(new Uint8Array(Buffer.from(text, 'hex')))).toThrow(MalformedTokenError)
    },
  )

  test('may have two buffers of a type that nobody knows, and buffers in any place, one right behind the other', () => {
    const both = encodeContainer([
      { type: 99, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      { type: 99, data: Uint8Array.of(9) },
    ])
    expect(decodeContainer(both).map(({ type, data }) => [type, ...data])).toEqual([
      [99, 1, 2, 3, 4, 5, 6, 7, 8],
      [99, 9],
    ])
    const swapped = both.slice()
    const view = new DataView(swapped.buffer)
    view.setUint32(12, 1, true)
    view.setUint32(16, 48, true)
    view.setUint32(28, 8, true)
    view.setUint32(32, 40, true)
    expect(decodeContainer(swapped).map(({ offset, data }) => [offset, ...data])).toEqual([
      [48, 9],
      [40, 1, 2, 3, 4, 5, 6, 7, 8],
    ])
  })

  test('may have as many buffers as types and room for more, and may have none', () => {
    const many = Array.from({ length: 64 }, (_, index) => ({ type: 100 + index, data: Uint8Array.of(index) }))
    expect(decodeContainer(encodeContainer(many))).toHaveLength(64)
    expect(decodeContainer(new Uint8Array(8))).toEqual([])
  })

  test('whose last buffer ends with it is read, one that ends an octet later is not', () => {
    const bytes = two().subarray(0, 49)
    expect(decodeContainer(bytes)[1].data).toEqual(Uint8Array.of(4))
    expect(() => decodeContainer(bytes.subarray(0, 48))).toThrow(
      'PAC.Buffers[1]: expected buffer type 99 between octets 40 and 48, found 1 octets at 48',
    )
  })

  test('is written with each buffer on a multiple of 8 octets, by its number and its length', () => {
    expect(Buffer.from(two()).toString('hex')).toBe(
      ['0200000000000000', '01000000030000002800000000000000', '63000000010000003000000000000000'].join('') +
        ['0102030000000000', '0400000000000000'].join(''),
    )
  })

  test('that ends in its head names the field', () => {
    expect(() => decodeContainer(new Uint8Array(3))).toThrow('PAC.cBuffers: expected 4 octets, found 3 octets')
    expect(() => decodeContainer(new Uint8Array(7))).toThrow('PAC.Version: expected 4 octets, found 3 octets')
  })

  test('cut anywhere is refused', () => {
    const bytes = two()
    for (let length = 0; length <= 48; length++) {
      expect(() => decodeContainer(bytes.subarray(0, length)), `${length} octets`).toThrow(MalformedTokenError)
    }
  })
})
