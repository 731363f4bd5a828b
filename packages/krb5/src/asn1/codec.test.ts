import { describe, expect, test } from 'vitest'
import { ConfigurationError, MalformedTokenError } from '../errors/errors.js'
import { type Codec, decode, encode } from './codec.js'
import { field, optional, sequence } from './sequence.js'
import { sequenceOf } from './sequence-of.js'
import { application, context, explicit, alsoReading } from './tagged.js'
import { elementAt } from './element.js'
import { Int32, OctetString } from './primitives.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function refusalOf(run: () => unknown): [string, string] {
  try {
    run()
  } catch (error) {
    if (error instanceof MalformedTokenError || error instanceof ConfigurationError) return [error.code, error.message]
    throw error
  }
  throw new Error('was accepted')
}

const malformed = (message: string): [string, string] => ['GSS_S_DEFECTIVE_TOKEN', message]

interface Pair {
  readonly first: number
  readonly lastPart?: readonly number[]
}

const Pair = sequence<Pair>('Pair', { first: field(0, Int32), lastPart: optional(1, sequenceOf(Int32)) })

describe('SEQUENCE', () => {
  test('reads and writes required and optional fields', () => {
    expect(toHex(encode(Pair, { first: 1 }))).toBe('3005a003020101')
    expect(toHex(encode(Pair, { first: 1, lastPart: [2, 3] }))).toBe('300fa003020101a1083006020102020103')
    expect(decode(Pair, encode(Pair, { first: 1, lastPart: [2, 3] }))).toEqual({ first: 1, lastPart: [2, 3] })
    expect(decode(Pair, hex('3005a003020101'))).toStrictEqual({ first: 1, lastPart: undefined })
  })

  test('names the path of what is wrong, in the words of the RFC', () => {
    expect(refusalOf(() => decode(Pair, hex('300ca003020101a10530030101ff')))).toEqual(
      malformed('Pair.last-part[0]: expected INTEGER, found BOOLEAN'),
    )
    expect(refusalOf(() => decode(Pair, hex('300fa003020101a10830060201020101ff')))).toEqual(
      malformed('Pair.last-part[1]: expected INTEGER, found BOOLEAN'),
    )
  })

  test.each([
    ['out of order', '3009a1023000a003020101', 'Pair.first: expected [0], found [1]'],
    ['missing', '3004a1023000', 'Pair.first: expected [0], found [1]'],
    ['none at all', '3000', 'Pair.first: expected [0], found the end'],
    ['repeated', '300aa003020101a003020101', 'Pair: expected the end of the element, found 5 more octets'],
    ['unknown', '300aa003020101a203020101', 'Pair: expected the end of the element, found 5 more octets'],
  ])('refuses fields that are %s', (_what, bytes, message) => {
    expect(refusalOf(() => decode(Pair, hex(bytes)))).toEqual(malformed(message))
  })

  test('reads past unknown fields only where the definition is extensible', () => {
    const Extensible = sequence<{ readonly first: number }>('E', { first: field(0, Int32) }, { extensible: true })
    expect(decode(Extensible, hex('3005a003020101'))).toEqual({ first: 1 })
    expect(decode(Extensible, hex('300aa003020101a203020101'))).toEqual({ first: 1 })
    expect(decode(Extensible, hex('300fa003020101a203020101a303020101'))).toEqual({ first: 1 })
    expect(refusalOf(() => decode(Extensible, hex('3007a003020101a203')))).toEqual(
      malformed('E: expected a length of at most 0, found 3'),
    )
  })

  test('is not written without a field that it must have', () => {
    // A caller in plain JavaScript may pass this.
    const nothing = JSON.parse('{}') as Pair
    expect(refusalOf(() => encode(Pair, nothing))).toEqual([
      'ASN1_BAD_FORMAT',
      'cannot encode: expected Pair.first, found "nothing"',
    ])
  })
})

describe('a field with one permitted value', () => {
  const Versioned = sequence<{ readonly body: number }>(
    'V',
    { body: field(2, Int32) },
    {
      fixed: [
        { tag: 0xa0, name: 'pvno', value: 5, code: 'KRB_AP_ERR_BADVERSION' },
        { tag: 0xa1, name: 'msg-type', value: -3, code: 'KRB_AP_ERR_MSG_TYPE' },
      ],
    },
  )

  test('is written, in its place, and is no part of the value', () => {
    expect(toHex(encode(Versioned, { body: 1 }))).toBe('300fa003020105a1030201fda203020101')
    expect(decode(Versioned, hex('300fa003020105a1030201fda203020101'))).toEqual({ body: 1 })
  })

  test.each([
    ['another value', '300fa003020104a1030201fda203020101', 'KRB_AP_ERR_BADVERSION', 'V.pvno: expected 5, found 4'],
    ['another value', '300fa003020105a103020103a203020101', 'KRB_AP_ERR_MSG_TYPE', 'V.msg-type: expected -3, found 3'],
    [
      'its value in two octets',
      '3010a00402020005a1030201fda203020101',
      'KRB_AP_ERR_BADVERSION',
      'V.pvno: expected 5, found another number',
    ],
    [
      'its value before a second octet',
      '3010a00402020500a1030201fda203020101',
      'KRB_AP_ERR_BADVERSION',
      'V.pvno: expected 5, found another number',
    ],
    [
      'no value',
      '300ea0020200a1030201fda203020101',
      'KRB_AP_ERR_BADVERSION',
      'V.pvno: expected 5, found another number',
    ],
    [
      'another type',
      '300fa003010105a1030201fda203020101',
      'GSS_S_DEFECTIVE_TOKEN',
      'V.pvno: expected INTEGER, found BOOLEAN',
    ],
    ['no such field', '3005a203020101', 'GSS_S_DEFECTIVE_TOKEN', 'V.pvno: expected [0], found [2]'],
  ])('is refused with %s', (_what, bytes, code, message) => {
    expect(refusalOf(() => decode(Versioned, hex(bytes)))).toEqual([code, message])
  })
})

describe('SEQUENCE OF', () => {
  const AtLeastOne = sequenceOf(Int32, 1)

  test('takes as many elements as any real message has, and no more', () => {
    const most = new Array(1024).fill(0)
    expect(decode(sequenceOf(Int32), encode(sequenceOf(Int32), most))).toEqual(most)
    expect(refusalOf(() => decode(sequenceOf(Int32), encode(sequenceOf(Int32), [...most, 0])))).toEqual(
      malformed('SEQUENCE OF Int32[1024]: expected at most 1024 elements, found more'),
    )
  })

  test('is empty only where the definition allows it, both ways', () => {
    expect(decode(sequenceOf(Int32), hex('3000'))).toEqual([])
    expect(toHex(encode(sequenceOf(Int32), []))).toBe('3000')
    expect(decode(AtLeastOne, hex('3003020101'))).toEqual([1])
    expect(toHex(encode(AtLeastOne, [1]))).toBe('3003020101')
    expect(refusalOf(() => decode(AtLeastOne, hex('3000')))).toEqual(
      malformed('SEQUENCE OF Int32: expected at least 1 element, found none'),
    )
    expect(refusalOf(() => encode(AtLeastOne, []))).toEqual([
      'ASN1_BAD_FORMAT',
      'cannot encode: expected at least 1 element, found "none"',
    ])
  })

  test('keeps the end of what is around it', () => {
    expect(refusalOf(() => decode(Pair, hex('300a a003020101 a103 300000')))).toEqual(
      malformed('Pair.last-part: expected the end of the element, found 1 more octets'),
    )
  })
})

describe('a tag number', () => {
  const makers: readonly [string, (number: number) => unknown][] = [
    ['field', (number) => field(number, Int32)],
    ['optional', (number) => optional(number, Int32)],
    ['application', (number) => application(number, 'A', Int32)],
    ['explicit', (number) => explicit(number, 'C', Int32)],
  ]

  test.each(makers)('of %s is 0 to 30, which is all that one octet has room for', (_name, make) => {
    expect(() => [make(0), make(30)]).not.toThrow()
    for (const number of [-1, 31, 1.5]) {
      expect(() => make(number)).toThrow(`cannot encode: expected a tag number of 0 to 30, found ${number}`)
    }
  })
})

test('context is the old name of explicit', () => {
  expect(context).toBe(explicit)
})

describe('an outer tag', () => {
  test('is what the number of the application or the context says', () => {
    expect(toHex(encode(application(14, 'AP-REQ', Int32), 1))).toBe('6e03020101')
    expect(toHex(encode(explicit(2, 'C', Int32), 1))).toBe('a203020101')
    expect(decode(application(14, 'AP-REQ', Int32), hex('6e03020101'))).toBe(1)
    expect(decode(explicit(2, 'C', Int32), hex('a203020101'))).toBe(1)
  })

  test.each([
    [application(14, 'AP-REQ', Int32), 'AP-REQ: expected [APPLICATION 14], found [APPLICATION 15]'],
    [explicit(2, 'C', Int32), 'C: expected [2], found [APPLICATION 15]'],
  ])('is refused when it is another', (codec, message) => {
    expect(refusalOf(() => decode(codec, hex('6f03020101')))).toEqual(malformed(message))
  })

  test('of another type is read too where peers send it, and never written', () => {
    const as = application(25, 'EncASRepPart', Int32)
    const both = alsoReading(as, application(26, 'EncTGSRepPart', Int32))
    expect(decode(both, hex('7903020101'))).toBe(1)
    expect(decode(both, hex('7a03020102'))).toBe(2)
    expect(toHex(encode(both, 1))).toBe('7903020101')
    expect([both.name, both.tag]).toEqual(['EncASRepPart', 0x79])
    expect(refusalOf(() => decode(both, hex('7b03020101')))).toEqual(
      malformed('EncASRepPart: expected [APPLICATION 25], found [APPLICATION 27]'),
    )
  })
})

test('a failure that is none of the message is passed on as it is', () => {
  const broken: Codec<number> = {
    ...Int32,
    read() {
      throw new RangeError('ours')
    },
  }
  const fields = sequence<{ readonly a: number }>('S', { a: field(0, sequenceOf(broken)) as never })
  expect(() => decode(fields, hex('3007a005 3003020101'))).toThrow(new RangeError('ours'))
})

describe('the octets of an inner element', () => {
  // [APPLICATION 12] { SEQUENCE { [1] 5, [4] SEQUENCE { [0] 1 } } }
  const message = hex('6c10 300e a103020105 a407 3005 a003020101')

  test('are those that were sent', () => {
    expect(toHex(elementAt(message, 'req-body', 0x6c, 0x30, 0xa4))).toBe('3005a003020101')
    expect(toHex(elementAt(message, 'req-body', 0x6c, 0x30, 0xa4, 0x30))).toBe('a003020101')
    expect(elementAt(message, 'message').buffer).toBe(message.buffer)
  })

  test('are missed where they are not there, or lie beyond the element that is entered', () => {
    expect(refusalOf(() => elementAt(message, 'req-body', 0x6c, 0x30, 0xa5))).toEqual(
      malformed('req-body: expected an element, found the end'),
    )
    expect(refusalOf(() => elementAt(hex('3002 a100 a400'), 'body', 0x30, 0xa4))).toEqual(
      malformed('body: expected an element, found the end'),
    )
  })

  test('are refused where the way to them is broken', () => {
    expect(refusalOf(() => elementAt(hex('3004 a105 a400'), 'body', 0x30, 0xa4))).toEqual(
      malformed('body: expected a length of at most 2, found 5'),
    )
  })
})

test('octet strings are views on the message, not copies', () => {
  const bytes = hex('0403010203')
  const value = decode(OctetString, bytes)
  expect([value.buffer === bytes.buffer, value.byteOffset, value.length]).toEqual([true, 2, 3])
})
