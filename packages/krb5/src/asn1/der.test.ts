import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../errors.js'
import { decode, encode, field, optional, sequence, sequenceOf } from './codec.js'
import {
  Int32,
  KerberosFlags,
  kerberosFlags,
  hasFlag,
  KerberosString,
  KerberosTime,
  Kvno,
  OctetString,
  UInt32,
} from './primitives.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const refused = (run: () => unknown): MalformedTokenError => {
  try {
    run()
  } catch (error) {
    if (error instanceof MalformedTokenError) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('INTEGER', () => {
  test.each([
    [0, '020100'],
    [127, '02017f'],
    [128, '02020080'],
    [-1, '0201ff'],
    [-128, '020180'],
    [-129, '0202ff7f'],
    [-138, '0202ff76'],
    [2 ** 31 - 1, '02047fffffff'],
    [-(2 ** 31), '020480000000'],
  ])('%i is %s', (value, bytes) => {
    expect(toHex(encode(Int32, value))).toBe(bytes)
    expect(decode(Int32, hex(bytes))).toBe(value)
  })

  test('reads a negative UInt32 as what a signed writer meant', () => {
    expect(decode(UInt32, hex('0201ff'))).toBe(0xffffffff)
    expect(toHex(encode(UInt32, 0xffffffff))).toBe('020500ffffffff')
  })

  test('keeps a negative key version as it was sent', () => {
    expect(decode(Kvno, hex('0204ff000001'))).toBe(-16_777_215)
  })

  test.each([['02020001'], ['0202ff80'], ['0200'], ['0206010000000000'], ['02050100000000']])('refuses %s', (bytes) => {
    refused(() => decode(Int32, hex(bytes)))
  })

  test('does not encode what does not fit', () => {
    expect(() => encode(Int32, 2 ** 31)).toThrow('cannot encode')
    expect(() => encode(UInt32, 1.5)).toThrow('cannot encode')
  })
})

describe('lengths', () => {
  test.each([
    ['the indefinite form', '048001020000'],
    ['two octets where one suffices', '04810101'],
    ['a leading zero', '0482000101'],
    ['five octets of length', '048501000000 0001'],
    ['a length beyond the end', '040201'],
    ['a length without its octets', '0482'],
    ['no length at all', '04'],
    ['a length of two gigabytes', '048480000000'],
    ['a length of four gigabytes', '0484ffffffff'],
    ['a leading zero before a length that fits', '04830000800000'],
    ['nothing', ''],
    ['trailing octets', '04010100'],
    ['another type', '0201 01'],
  ])('refuses %s', (_what, bytes) => {
    expect(refused(() => decode(OctetString, hex(bytes))).code).toBe('GSS_S_DEFECTIVE_TOKEN')
  })

  test('writes 127, 128 and 65536 octets in the shortest form and reads them back', () => {
    for (const [size, header] of [
      [127, '047f'],
      [128, '048180'],
      [65_536, '0483010000'],
    ] as const) {
      const bytes = encode(OctetString, new Uint8Array(size))
      expect(toHex(bytes.subarray(0, header.length / 2))).toBe(header)
      expect(decode(OctetString, bytes)).toHaveLength(size)
    }
  })

  test('refuses a message above the limit before reading it', () => {
    expect(refused(() => decode(OctetString, new Uint8Array(2 ** 20 + 1))).code).toBe('KRB_ERR_FIELD_TOOLONG')
  })
})

describe('KerberosTime', () => {
  test('is written as Date has it, to the second', () => {
    for (const time of [Date.UTC(100, 0, 1), -1, 0, 999, Date.UTC(2024, 1, 29, 23, 59, 59), Date.UTC(9999, 11, 31)]) {
      const text = `${new Date(time).toISOString().slice(0, 19).replace(/[-T:]/g, '')}Z`
      expect(encode(KerberosTime, time)).toEqual(hex(`180f${Buffer.from(text).toString('hex')}`))
    }
  })

  test('is milliseconds here and seconds on the wire', () => {
    const bytes = encode(KerberosTime, Date.UTC(2026, 10, 21, 3, 4, 5, 999))
    expect(Buffer.from(bytes.subarray(2)).toString()).toBe('20261121030405Z')
    expect(decode(KerberosTime, bytes)).toBe(Date.UTC(2026, 10, 21, 3, 4, 5))
  })

  test.each([
    '20260229000000Z',
    '19000229000000Z',
    '20240230000000Z',
    '20260431000000Z',
    '00991231235959Z',
    '20261301000000Z',
    '20260100000000Z',
    '20260101240000Z',
    '20260101006000Z',
    '20260101000060Z',
    '2026010100000aZ',
    '20260101000000+',
    '202601010000Z',
  ])('refuses %s', (text) => {
    const bytes = Uint8Array.from([0x18, text.length, ...Buffer.from(text)])
    refused(() => decode(KerberosTime, bytes))
  })

  test('counts the days of every month of four centuries as Date does', () => {
    for (let month = 0; month < 4800; month++) {
      for (const day of [1, 28, 29, 30, 31]) {
        const time = Date.UTC(1900, month, day, 23, 59, 58)
        expect(decode(KerberosTime, encode(KerberosTime, time))).toBe(time)
      }
    }
  })

  test('accepts a leap day', () => {
    expect(decode(KerberosTime, hex(`180f${Buffer.from('20240229000000Z').toString('hex')}`))).toBe(
      Date.UTC(2024, 1, 29),
    )
  })
})

describe('KerberosString', () => {
  test('is written in UTF-8, however long it is', () => {
    for (const text of ['', 'A', 'HTTP', 'a'.repeat(64), 'a'.repeat(65), 'a\u007f', 'a\u0080', 'zoë', '\u{1f600}']) {
      const octets = Buffer.from(text)
      expect(encode(KerberosString, text)).toEqual(
        hex(`1b${Buffer.of(octets.length).toString('hex')}${octets.toString('hex')}`),
      )
    }
  })

  test('is UTF-8', () => {
    expect(decode(KerberosString, encode(KerberosString, 'zoë'))).toBe('zoë')
    expect(decode(KerberosString, encode(KerberosString, 'é'.repeat(100)))).toBe('é'.repeat(100))
  })

  test.each([
    ['other character sets', '1b017f80'],
    ['Latin-1', '1b01eb'],
    ['NUL', '1b03610062'],
  ])('refuses %s', (_what, bytes) => {
    refused(() => decode(KerberosString, hex(bytes)))
  })
})

describe('KerberosFlags', () => {
  test('counts bits from the most significant one', () => {
    const flags = kerberosFlags(1, 14, 31)
    expect(toHex(encode(KerberosFlags, flags))).toBe('03050040020001')
    expect(hasFlag(flags, 14)).toBe(true)
    expect(hasFlag(flags, 13)).toBe(false)
    expect(hasFlag(flags, 40)).toBe(false)
  })

  test('fills up short strings and keeps the bits of long ones', () => {
    expect(toHex(decode(KerberosFlags, hex('03020640')))).toBe('40000000')
    expect(toHex(encode(KerberosFlags, decode(KerberosFlags, hex('0306004000000001'))))).toBe('0306004000000001')
  })

  test.each(['0300', '030108', '03020101', '030101'])('refuses %s', (bytes) => {
    refused(() => decode(KerberosFlags, hex(bytes)))
  })
})

describe('SEQUENCE', () => {
  interface Pair {
    readonly first: number
    readonly lastPart?: readonly number[]
  }
  const Pair = sequence<Pair>('Pair', { first: field(0, Int32), lastPart: optional(1, sequenceOf(Int32)) })

  test('reads and writes required and optional fields', () => {
    expect(toHex(encode(Pair, { first: 1 }))).toBe('3005a003020101')
    expect(decode(Pair, encode(Pair, { first: 1, lastPart: [2, 3] }))).toEqual({ first: 1, lastPart: [2, 3] })
  })

  test('names the path of what is wrong, in the words of the RFC', () => {
    const error = refused(() => decode(Pair, hex('300ca003020101a10530030101ff')))
    expect(error.message).toBe('Pair.last-part[0]: expected INTEGER, found BOOLEAN')
  })

  test('refuses fields out of order, missing, repeated or unknown', () => {
    refused(() => decode(Pair, hex('3009a1023000a003020101')))
    refused(() => decode(Pair, hex('3004a1023000')))
    refused(() => decode(Pair, hex('300aa003020101a003020101')))
    refused(() => decode(Pair, hex('300aa003020101a203020101')))
  })

  test('reads past unknown fields only where the definition is extensible', () => {
    const Extensible = sequence<{ readonly first: number }>('E', { first: field(0, Int32) }, { extensible: true })
    expect(decode(Extensible, hex('300aa003020101a203020101'))).toEqual({ first: 1 })
    refused(() => decode(Extensible, hex('3007a003020101a203')))
  })

  test('refuses more elements than any real message has', () => {
    expect(refused(() => decode(sequenceOf(Int32), encode(sequenceOf(Int32), new Array(1025).fill(0)))).found).toBe(
      'more',
    )
  })
})
