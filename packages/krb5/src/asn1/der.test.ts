import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../errors/errors.js'
import { decode, encode } from './codec.js'
import { field, sequence } from './sequence.js'
import { application, explicit } from './tagged.js'
import { DerReader } from './der.js'
import { Int32, OctetString } from './primitives.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Returns the message of the error of `decode`, without the name of the codec. */
function refusalOf(bytes: string, codec: { readonly read: (reader: DerReader) => unknown } = OctetString): string {
  try {
    decode({ tag: 0, write: () => {}, read: codec.read.bind(codec), name: 'X' }, hex(bytes))
  } catch (error) {
    if (!(error instanceof MalformedTokenError)) throw error
    expect(error.code).toBe('GSS_S_DEFECTIVE_TOKEN')
    return error.message
  }
  throw new Error('was accepted')
}

describe('a length is refused', () => {
  test.each([
    ['of the indefinite form', '048001020000', 'a definite length, found the indefinite form'],
    [
      'of the indefinite form, with as many octets after it as its octet says',
      `0480${'00'.repeat(130)}`,
      'a definite length, found the indefinite form',
    ],
    ['in two octets where one suffices', '04810101', 'the shortest form of the length, found 1 in 1 octets'],
    [
      'in two octets where one just suffices',
      `04817f${'00'.repeat(127)}`,
      'the shortest form of the length, found 127 in 1 octets',
    ],
    ['with a leading zero', '0482000101', 'the shortest form of the length, found 1 in 2 octets'],
    [
      'with a leading zero before what fits',
      `04820080${'00'.repeat(128)}`,
      'the shortest form of the length, found 128 in 2 octets',
    ],
    ['in five octets', '0485000000000101', 'a length of at most four octets, found 5 octets'],
    ['in 127 octets', `04ff${'00'.repeat(126)}01`, 'a length of at most four octets, found 127 octets'],
    ['beyond the end', '040201', 'a length of at most 1, found 2'],
    ['one octet beyond the end, of a long element', `048180${'00'.repeat(127)}`, 'a length of at most 127, found 128'],
    ['without its octets', '0482', 'a length, found the end'],
    ['without the last of its octets', '048201', 'a length, found the end'],
    ['that is not there', '04', 'a length, found the end'],
    ['of two gigabytes', '048480000000', 'a length of at most 0, found 2147483648'],
    ['of four gigabytes', '0484ffffffff', 'a length of at most 0, found 4294967295'],
  ])('%s', (_what, bytes, message) => {
    expect(refusalOf(bytes)).toBe(`X: expected ${message}`)
  })
})

describe('an element is refused', () => {
  test.each([
    ['that is not there', '', 'OCTET STRING, found the end'],
    ['with an octet after it', '04010100', 'the end, found 1 trailing octets'],
    ['with octets after it', '0401010000', 'the end, found 2 trailing octets'],
    ['of another type', '020101', 'OCTET STRING, found INTEGER'],
  ])('%s', (_what, bytes, message) => {
    expect(refusalOf(bytes)).toBe(`X: expected ${message}`)
  })

  test('above the limit, before it is read', () => {
    const long = encode(OctetString, new Uint8Array(2 ** 20 - 5))
    expect(long).toHaveLength(2 ** 20)
    expect(decode(OctetString, long)).toHaveLength(2 ** 20 - 5)
    expect(() => decode(OctetString, new Uint8Array(2 ** 20 + 1))).toThrow(
      expect.objectContaining({
        code: 'KRB_ERR_FIELD_TOOLONG',
        message: 'OCTET STRING: expected at most 1048576 octets, found 1048577',
      }),
    )
  })

  test.each([
    ['01', 'BOOLEAN'],
    ['02', 'INTEGER'],
    ['03', 'BIT STRING'],
    ['06', 'OBJECT IDENTIFIER'],
    ['0a', 'ENUMERATED'],
    ['18', 'GeneralizedTime'],
    ['1b', 'GeneralString'],
    ['30', 'SEQUENCE'],
    ['6e', '[APPLICATION 14]'],
    ['a3', '[3]'],
    ['00', 'tag 0x00'],
    ['05', 'tag 0x05'],
    ['83', 'tag 0x83'],
    ['e1', 'tag 0xe1'],
  ])('of tag %s, which is called %s', (tag, name) => {
    expect(refusalOf(`${tag}00`)).toBe(`X: expected OCTET STRING, found ${name}`)
  })
})

// Two encodings of one message would break every checksum and replay check above them.
describe('octets that are left within an element are refused', () => {
  const One = sequence<{ readonly one: number }>('One', { one: field(0, Int32) })
  const left = 'expected the end of the element, found 1 more octets'

  test('in a field', () => {
    expect(refusalOf('3006 a004 020101 00', One)).toBe(`X.one: ${left}`)
  })

  test('in a sequence, after its last field', () => {
    expect(refusalOf('3006 a003 020101 00', One)).toBe(`X: ${left}`)
  })

  test('in an application tag', () => {
    expect(refusalOf('6004 020101 00', application(0, 'A', Int32))).toBe(`X: ${left}`)
  })

  test('in a context tag', () => {
    expect(refusalOf('a005 020101 0500', explicit(0, 'C', Int32))).toBe(
      'X: expected the end of the element, found 2 more octets',
    )
  })

  test('in a field with one permitted value', () => {
    const Fixed = sequence<object>(
      'F',
      {},
      { fixed: [{ tag: 0xa0, name: 'pvno', value: 5, code: 'KRB_AP_ERR_BADVERSION' }] },
    )
    expect(toHex(encode(Fixed, {}))).toBe('3005a003020105')
    expect(refusalOf('3006 a004 020105 00', Fixed)).toBe(`X.pvno: ${left}`)
  })
})

test('an element may fill the one around it to the last octet, in short and in long form', () => {
  expect(decode(application(0, 'A', OctetString), hex('6003 0401ff'))).toEqual(hex('ff'))
  expect(decode(application(0, 'A', OctetString), hex(`608183 048180${'ab'.repeat(128)}`))).toEqual(
    hex('ab'.repeat(128)),
  )
  expect(refusalOf('6003 0402ffff', application(0, 'A', OctetString))).toBe(
    'X: expected a length of at most 1, found 2',
  )
})

describe('reading past an element', () => {
  const skipAll = (bytes: string): string =>
    refusalOf(bytes, {
      read: (reader) => {
        while (reader.position < reader.end) reader.skip()
        reader.skip()
      },
    })

  test('ends at its end, whatever is in it', () => {
    const reader = new DerReader(hex('a303020101 0000'))
    reader.skip()
    expect([reader.position, reader.end]).toEqual([5, 7])
    reader.skip()
    expect(reader.position).toBe(7)
  })

  test('is refused where none is', () => {
    expect(skipAll('0400')).toBe('X: expected an element, found the end')
  })

  test('is refused for a tag number of several octets', () => {
    expect(skipAll('bf8101 00')).toBe('X: expected a tag number below 31, found a high tag number')
    expect(skipAll('1f00')).toBe('X: expected a tag number below 31, found a high tag number')
  })

  test('is refused beyond the end', () => {
    expect(skipAll('0403ffff')).toBe('X: expected a length of at most 2, found 3')
  })
})

test('the next tag is told, or that there is none', () => {
  const reader = new DerReader(hex('3002 0400'))
  expect(reader.peek()).toBe(0x30)
  const enclosing = reader.enter(0x30)
  expect([enclosing, reader.end, reader.peek()]).toEqual([4, 4, 0x04])
  expect(reader.contents(0x04)).toEqual(hex(''))
  expect(reader.peek()).toBe(-1)
  reader.leave(enclosing)
  expect(reader.end).toBe(4)
})
