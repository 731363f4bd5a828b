import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../errors.js'
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
    ['a count above the limit', 'PAC.cBuffers', (view) => view.setUint32(0, 65, true)],
    ['a count whose product overflows 32 bits', 'PAC.cBuffers', (view) => view.setUint32(0, 0x1000_0001, true)],
    ['more entries than octets', 'PAC.Buffers[3]', (view) => view.setUint32(0, 60, true)],
    ['another version', 'PAC.Version', (view) => view.setUint32(4, 1, true)],
    ['a buffer that begins in the directory', 'PAC.Buffers[0]', (view) => view.setUint32(16, 32, true)],
    ['a buffer that ends behind the end', 'PAC.Buffers[1]', (view) => view.setUint32(28, 9, true)],
    ['a size near 2^32', 'PAC.Buffers[1]', (view) => view.setUint32(28, 0xffff_fff8, true)],
    ['an offset of more than 32 bits', 'PAC.Buffers[0]', (view) => view.setUint32(20, 1, true)],
    ['an offset near 2^64', 'PAC.Buffers[0]', (view) => view.setUint32(20, 0xffff_ffff, true)],
    ['an offset that is no multiple of 8', 'PAC.Buffers[0].Offset', (view) => view.setUint32(16, 44, true)],
    ['buffers that overlap', 'PAC.Buffers[1].Offset', (view) => view.setUint32(32, 40, true)],
    ['two buffers of one type', 'PAC.Buffers[1]', (view) => view.setUint32(24, 1, true)],
  ])('with %s is refused', (_what, path, spoil) => {
    const bytes = two()
    spoil(new DataView(bytes.buffer))
    expect(() => decodeContainer(bytes)).toThrow(expect.objectContaining({ name: 'MalformedTokenError', path }))
  })

  // MIT krb5 src/lib/krb5/krb/t_pac.c, fuzz1 and fuzz2.
  test.each(['000000100000000006ffffff0000f5', '00000020000000002020'])(
    'that a fuzzer found (%s) is refused',
    (text) => {
      expect(() => decodeContainer(new Uint8Array(Buffer.from(text, 'hex')))).toThrow(MalformedTokenError)
    },
  )

  test('cut anywhere is refused', () => {
    const bytes = two()
    for (let length = 0; length <= 48; length++) {
      expect(() => decodeContainer(bytes.subarray(0, length)), `${length} octets`).toThrow(MalformedTokenError)
    }
  })
})
