import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../errors/errors.js'
import { decode, encode, withEncoding } from './codec.js'
import { cannotEncode, DerWriter } from './der.js'
import { OctetString } from './primitives.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('a writer', () => {
  test('writes lengths in the shortest form, and a reader reads them back', () => {
    for (const [size, header] of [
      [0, '0400'],
      [127, '047f'],
      [128, '048180'],
      [255, '0481ff'],
      [256, '04820100'],
      [65_535, '0482ffff'],
      [65_536, '0483010000'],
    ] as const) {
      const bytes = encode(OctetString, new Uint8Array(size).fill(1))
      expect(toHex(bytes.subarray(0, header.length / 2))).toBe(header)
      expect(bytes).toHaveLength(size + header.length / 2)
      expect(decode(OctetString, bytes)).toEqual(new Uint8Array(size).fill(1))
    }
  })

  test('keeps what it wrote when it needs more room, octet by octet and at once', () => {
    const writer = new DerWriter()
    const size = 10_000
    for (let index = 0; index < size; index++) writer.octet(index & 0xff)
    writer.octets(new Uint8Array(20_000).fill(7))
    expect(writer.written).toBe(size + 20_000)
    const bytes = writer.finish()
    expect(bytes.subarray(0, 20_000).every((octet) => octet === 7)).toBe(true)
    expect(bytes.subarray(20_000)).toEqual(Uint8Array.from({ length: size }, (_, index) => (size - 1 - index) & 0xff))
  })

  test('grows at least twofold, so that octets one by one cost no more than they must', () => {
    const writer = new DerWriter()
    writer.octets(new Uint8Array(4097))
    writer.lend((octets) => expect(octets.buffer.byteLength).toBe(8192))
  })

  test('wipes what it lent, since session keys have been in it', () => {
    let lent = hex('')
    const length = withEncoding(OctetString, hex('0102030405'), (octets) => {
      lent = octets
      expect(toHex(octets)).toBe('04050102030405')
      return octets.length
    })
    expect(length).toBe(7)
    expect(toHex(lent)).toBe('00000000000000')
  })

  test('wipes it also when it was used in vain', () => {
    let lent = hex('')
    const use = (octets: Uint8Array) => {
      lent = octets
      throw new Error('in vain')
    }
    expect(() => withEncoding(OctetString, hex('0102'), use)).toThrow('in vain')
    expect(toHex(lent)).toBe('00000000')
  })

  test('is good for one message: nothing is left in it to be sent again', () => {
    const writer = new DerWriter()
    writer.octets(hex('0102'))
    writer.finish()
    expect(writer.written).toBe(0)
    writer.octet(3)
    expect(writer.finish()).toEqual(hex('03'))
  })

  test('lends its buffer to the next one, but never to one at the same time', () => {
    const bufferOf = (value: Uint8Array, use = (_octets: Uint8Array): void => {}) =>
      withEncoding(OctetString, value, (octets) => {
        use(octets)
        return octets.buffer
      })
    const first = bufferOf(hex('01'))
    expect(bufferOf(hex('02'))).toBe(first)
    bufferOf(hex('0304'), (outer) => {
      expect(bufferOf(hex('05'))).not.toBe(outer.buffer)
      expect(toHex(outer)).toBe('04020304')
    })
  })

  test('does not keep the large buffer of a large message', () => {
    const large = withEncoding(OctetString, new Uint8Array(10_000), (octets) => octets.buffer)
    const next = withEncoding(OctetString, hex('01'), (octets) => octets.buffer)
    expect(next).not.toBe(large)
    expect(next.byteLength).toBe(4096)
  })
})

test('what cannot be encoded is shown when it is a number, and of octets their number alone', () => {
  const errorOf = (found: unknown): unknown => {
    try {
      return cannotEncode('a thing', found)
    } catch (error) {
      return error instanceof ConfigurationError && [error.code, error.message]
    }
  }
  expect(errorOf(5)).toEqual(['ASN1_BAD_FORMAT', 'cannot encode: expected a thing, found 5'])
  expect(errorOf(hex('0102'))).toEqual(['ASN1_BAD_FORMAT', 'cannot encode: expected a thing, found 2 octets'])
  expect(errorOf(undefined)).toEqual(['ASN1_BAD_FORMAT', 'cannot encode: expected a thing, found undefined'])
})
