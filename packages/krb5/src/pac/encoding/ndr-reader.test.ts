import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../../errors/errors.js'
import { NdrReader } from './ndr-reader.js'
import { NdrWriter } from './ndr-writer.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

/**
 * Returns a structure behind its headers and its top-level pointer. The octets are little-endian.
 */
function serialized(
  structure: string,
  { header = '01100800 cccccccc', pointer = '00000200', length = 0 } = {},
): Uint8Array {
  const object = hex(pointer + structure)
  const size = Buffer.alloc(4)
  size.writeUInt32LE(object.length + length)
  return hex(`${header} ${size.toString('hex')} 00000000 ${Buffer.from(object).toString('hex')}`)
}

function refusalOf(bytes: Uint8Array, read: (ndr: NdrReader) => unknown = () => 'read'): string {
  try {
    return String(NdrReader.decode(bytes, 'X', read))
  } catch (error) {
    if (error instanceof MalformedTokenError) return error.message
    throw error
  }
}

const LENGTH = 'version 1, little-endian, 8 octets'

describe('a serialized structure is refused', () => {
  test.each([
    [
      'of another version',
      serialized('', { header: '02100800 cccccccc' }),
      `X.header: expected ${LENGTH}, found 2, 16, 8`,
    ],
    [
      'that is big-endian',
      serialized('', { header: '01000800 cccccccc' }),
      `X.header: expected ${LENGTH}, found 1, 0, 8`,
    ],
    [
      'with another header',
      serialized('', { header: '01101000 cccccccc' }),
      `X.header: expected ${LENGTH}, found 1, 16, 16`,
    ],
    [
      'with a null pointer',
      serialized('', { pointer: '00000000' }),
      'X.pointer: expected a structure, found a null pointer',
    ],
    [
      'that is longer than there is',
      serialized('', { length: 1 }),
      'X.header.ObjectBufferLength: expected 5 octets, found 4 octets',
    ],
    [
      'that is shorter than there is by more than padding',
      serialized('00'.repeat(8), { length: -8 }),
      'X.header.ObjectBufferLength: expected the length of the buffer, found 8 octets less',
    ],
    [
      'with more than padding behind it',
      serialized('00'.repeat(8)),
      'X: expected nothing but padding after the structure, found 8 octets',
    ],
  ])('%s', (_, bytes, message) => {
    expect(refusalOf(bytes)).toBe(message)
  })

  test('and read with padding behind and in it', () => {
    expect(refusalOf(serialized('00'.repeat(7)))).toBe('read')
    expect(refusalOf(serialized('00'.repeat(7), { length: -7 }))).toBe('read')
  })
})

test('numbers are aligned to their size from the first octet of the structure', () => {
  const read = (ndr: NdrReader) => [
    ndr.u16('a'),
    ndr.u32('b'),
    ndr.u16('c'),
    ndr.filetime('d'),
    ndr.u16('e'),
    ndr.u64('f'),
    ndr.u16('g'),
    ndr.i64('h'),
    ...ndr.bytes(1, 'i'),
    ndr.u16('j'),
  ]
  const bytes = serialized(
    '0100 0000 02000000 0300 0000 0400000000000000 0500 000000000000 0600000000000000 0700 000000000000 ffffffffffffffff 09 00 0a00',
  )
  expect(NdrReader.decode(bytes, 'X', read)).toEqual([1, 2, 3, 4n, 5, 6n, 7, -1n, 9, 10])
})

describe('an array is refused', () => {
  test('of elements behind a null pointer', () => {
    expect(refusalOf(serialized('02000000 00000000'), (ndr) => ndr.countedPointer('A'))).toBe(
      'X.A: expected 2 elements, found a null pointer',
    )
    const read = (text: string) => NdrReader.decode(serialized(text), 'X', (ndr) => ndr.countedPointer('A'))
    expect(read('00000000 00000000')).toEqual({ count: 0, present: false })
    expect(read('00000000 04000200')).toEqual({ count: 0, present: true })
    expect(read('02000000 04000200')).toEqual({ count: 2, present: true })
  })

  test('that has another count than its pointer said, or cannot be there', () => {
    const conformance = (text: string) => refusalOf(serialized(text), (ndr) => ndr.conformance(2, 4, 'A'))
    expect(conformance('03000000')).toBe('X.A: expected 2 elements, found 3')
    expect(conformance('02000000 00000000')).toBe('X.A[1]: expected 2 elements of at least 4 octets, found 4 octets')
  })
})

describe('a string', () => {
  const string = (text: string) =>
    refusalOf(serialized(text), (ndr) => ndr.unicodeString(ndr.unicodeStringHeader('S'), 'S'))
  const terminated = (text: string) => refusalOf(serialized(text), (ndr) => ndr.terminatedString('S'))

  test('is read with a maximum above its length, and is empty where it is absent', () => {
    expect(string('0400 0600 00000200 03000000 00000000 02000000 6100 6200')).toBe('ab')
    expect(string('0000 0000 00000000')).toBe('')
    expect(string('0000 0200 00000000')).toBe('')
    expect(string('0000 0000 00000200 00000000 00000000 00000000')).toBe('')
    expect(terminated('03000000 00000000 02000000 6100 0000')).toBe('a')
    expect(terminated('01000000 00000000 01000000 0000')).toBe('')
  })

  test.each([
    ['of an odd length', '0300 0400 00000200', 'an even length within the maximum, found 3 of 4 octets'],
    ['longer than its maximum', '0400 0200 00000200', 'an even length within the maximum, found 4 of 2 octets'],
    ['with a length and absent', '0200 0200 00000000', 'an even length within the maximum, found 2 of 2 octets'],
    [
      'of another length than its head says',
      '0400 0400 00000200 02000000 00000000 01000000 6100',
      '4 octets, found 1 characters',
    ],
    [
      'that does not begin at its first character',
      '0200 0200 00000200 02000000 01000000 01000000 6100',
      'a string from its first character, found offset 1',
    ],
    [
      'of more characters than it has room for',
      '0400 0400 00000200 01000000 00000000 02000000 6100 6200',
      'at most 1 characters, found 2',
    ],
  ])('%s is refused', (_, text, message) => {
    expect(string(text)).toBe(`X.S: expected ${message}`)
  })

  test.each([
    ['without an end', '02000000 00000000 02000000 6100 6200'],
    ['without a character', '00000000 00000000 00000000'],
    ['with its end in the middle', '03000000 00000000 03000000 6100 0000 6200'],
    ['with two ends', '03000000 00000000 03000000 6100 0000 0000'],
  ])('that ends with zero is refused %s', (_, text) => {
    expect(terminated(text)).toBe('X.S: expected one zero character, at the end, found something else')
  })
})

test('a SID has as many sub-authorities as its array says', () => {
  const sid = (text: string) => refusalOf(serialized(text), (ndr) => ndr.sid('S'))
  expect(sid('02000000 01 02 000000000005 20000000 20020000')).toBe('S-1-5-32-544')
  expect(sid('01000000 01 02 000000000005 20000000 20020000')).toBe('X.S: expected 1 sub-authorities, found 2')
  expect(sid('03000000 01 02 000000000005 20000000 20020000')).toBe('X.S: expected 3 sub-authorities, found 2')
})

describe('the arguments of a call', () => {
  const octets = NdrWriter.stub((ndr) => ndr.u8(1).u16(2).align(8).u32(3))

  test('have no headers, and are aligned from their first octet', () => {
    expect(Buffer.from(octets).toString('hex')).toBe('010002000000000003000000')
    const read = NdrReader.stub(octets, 'call', (ndr) => [ndr.u8('a'), ndr.u16('b'), ndr.u32('pad'), ndr.u32('c')])
    expect(read).toEqual([1, 2, 0, 3])
  })

  test('have nothing behind them', () => {
    expect(() => NdrReader.stub(octets, 'call', (ndr) => ndr.u8('a'))).toThrow(
      'call: expected no octets after the last field, found 11 octets',
    )
  })
})
