/** CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1. Source: MS-DTYP section 2.4.10.1. */
import { encodeSid } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { decodeAttribute, hex } from './attribute.js'

const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)]
const u64 = (value: bigint): number[] => [...new Uint8Array(BigUint64Array.of(value).buffer)]
const text = (value: string): number[] => [...Buffer.from(`${value}\0`, 'utf16le')]

interface Parts {
  readonly type: number
  readonly flags?: number
  readonly values?: readonly (readonly number[])[]
  readonly count?: number
}

/** An attribute `ab` with these values, one behind the other. */
function attribute({ type, flags = 0, values = [], count = values.length }: Parts): Uint8Array {
  const name = text('ab')
  const head = 16 + 4 * values.length
  let offset = head + name.length
  const offsets = values.map((value) => (offset += value.length) - value.length)
  const octets = [...u32(head), type, 0, 0, 0, ...u32(flags), ...u32(count), ...offsets.flatMap(u32), ...name]
  return Uint8Array.from([...octets, ...values.flat()])
}

const sid = encodeSid('S-1-5-32-544')

describe('an attribute of a resource', () => {
  test.each<[string, number, readonly number[], unknown]>([
    ['integers', 1, u64(2n ** 64n - 5n), { type: 'integer', value: -5n }],
    ['integers without sign', 2, u64(2n ** 64n - 5n), { type: 'integer', value: 2n ** 64n - 5n }],
    ['texts', 3, text('Pm'), { type: 'string', value: 'Pm' }],
    ['SIDs', 5, [...u32(sid.length), ...sid], { type: 'sid', value: 'S-1-5-32-544' }],
    ['booleans', 6, u64(1n), { type: 'integer', value: 1n }],
    ['octets', 16, [...u32(2), 0x0a, 0xff], { type: 'octets', value: '0aff' }],
  ])('has values of %s', (_what, type, octets, value) => {
    const expected = { name: 'ab', values: [value], caseSensitive: false }
    expect(decodeAttribute(attribute({ type, values: [octets] }), 'A')).toEqual(expected)
    const two = { ...expected, values: [value, value] }
    expect(decodeAttribute(attribute({ type, values: [octets, octets] }), 'A')).toEqual(two)
  })

  test('has flags', () => {
    const of = (flags: number) => decodeAttribute(attribute({ type: 3, flags, values: [text('x')] }), 'A')
    expect(of(0x2)).toMatchObject({ caseSensitive: true })
    expect(of(0xffff_ffed)).toMatchObject({ caseSensitive: false })
    expect(of(0x10)).toBeUndefined()
    expect(of(0x12)).toBeUndefined()
    expect(decodeAttribute(attribute({ type: 3 }), 'A')).toEqual({ name: 'ab', values: [], caseSensitive: false })
  })

  test('may have 4,096 values, and no more', () => {
    const zeros = Array.from({ length: 4_096 }, () => u64(0n))
    expect(decodeAttribute(attribute({ type: 1, values: zeros }), 'A')?.values).toHaveLength(4_096)
    expect(() => decodeAttribute(attribute({ type: 1, count: 4_097 }), 'A')).toThrow(
      'A.ValueCount: expected at most 4096, found 4097',
    )
  })

  test.each<[string, Uint8Array, string]>([
    ['no name', Uint8Array.of(1, 2), 'A.Name: expected 4 octets, found 2 octets'],
    ['no type', Uint8Array.of(...u32(0), 1), 'A.ValueType: expected 2 octets, found 1 octets'],
    ['nothing behind the type', Uint8Array.of(...u32(0), 1, 0), 'A.Reserved: expected 2 octets, found 0 octets'],
    ['no flags', Uint8Array.of(...u32(0), 1, 0, 0, 0), 'A.Flags: expected 4 octets, found 0 octets'],
    ['no count', Uint8Array.of(...u32(0), 1, 0, 0, 0, ...u32(0)), 'A.ValueCount: expected 4 octets, found 0 octets'],
    ['no value', attribute({ type: 1, count: 2 }).subarray(0, 20), 'A.Values[1]: expected 4 octets, found 0 octets'],
    ['another type', attribute({ type: 4, values: [u64(1n)] }), 'A.ValueType: expected a type of claims, found 4'],
    ['half a number', attribute({ type: 1, values: [[1]] }), 'A.value: expected 8 octets, found 1 octets'],
    ['half a number without sign', attribute({ type: 2, values: [[1]] }), 'A.value: expected 8 octets, found 1 octets'],
    ['a text without an end', attribute({ type: 3, values: [[65, 0]] }), 'A.text: expected 2 octets, found 0 octets'],
    ['a SID without a length', attribute({ type: 5, values: [[1]] }), 'A.length: expected 4 octets, found 1 octets'],
    ['half a SID', attribute({ type: 5, values: [u32(9)] }), 'A.value: expected 9 octets, found 0 octets'],
    ['octets without a length', attribute({ type: 16, values: [[1]] }), 'A.length: expected 4 octets, found 1 octets'],
    ['half the octets', attribute({ type: 16, values: [u32(9)] }), 'A.value: expected 9 octets, found 0 octets'],
  ])('with %s is refused', (_what, octets, message) => {
    expect(() => decodeAttribute(octets, 'A')).toThrow(
      expect.objectContaining({ name: 'MalformedTokenError', message }),
    )
  })

  test('with a place behind its end is refused, and at its end has nothing', () => {
    const octets = attribute({ type: 3 })
    octets[0] = octets.length + 1
    expect(() => decodeAttribute(octets, 'A')).toThrow(
      `A.offset: expected at most ${octets.length}, found ${octets.length + 1}`,
    )
    octets[0] = octets.length
    expect(() => decodeAttribute(octets, 'A')).toThrow('A.text: expected 2 octets, found 0 octets')
  })
})

test('octets are shown with two digits each', () => {
  expect(hex(Uint8Array.of(0, 0x0f, 0xf0))).toBe('000ff0')
})
