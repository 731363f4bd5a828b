import { describe, expect, test } from 'vitest'
import { ConfigurationError, MalformedTokenError } from '../errors/errors.js'
import { decode, encode } from './codec.js'
import {
  Bool,
  DisplayString,
  Int32,
  KerberosFlags,
  kerberosFlags,
  hasFlag,
  KerberosString,
  Kvno,
  Microseconds,
  OctetString,
  sameKvno,
  UInt32,
} from './primitives.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function refusalOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof MalformedTokenError || error instanceof ConfigurationError) return error.message
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

  test.each([
    ['02020001', 'the shortest form of the INTEGER, found a longer one'],
    ['0202007f', 'the shortest form of the INTEGER, found a longer one'],
    ['0202ff80', 'the shortest form of the INTEGER, found a longer one'],
    ['0202ffff', 'the shortest form of the INTEGER, found a longer one'],
    ['0200', 'an INTEGER of 1 to 5 octets, found 0 octets'],
    ['0206010000000000', 'an INTEGER of 1 to 5 octets, found 6 octets'],
    ['02050080000000', 'an INTEGER -2147483648..2147483647, found 2147483648'],
    ['0205ff7fffffff', 'an INTEGER -2147483648..2147483647, found -2147483649'],
    ['02050100000000', 'an INTEGER -2147483648..2147483647, found 4294967296'],
    ['030100', 'INTEGER, found BIT STRING'],
  ])('refuses %s', (bytes, message) => {
    expect(refusalOf(() => decode(Int32, hex(bytes)))).toBe(`Int32: expected ${message}`)
  })

  test.each([
    [Int32, -(2 ** 31), 2 ** 31 - 1, 'Int32 -2147483648..2147483647'],
    [UInt32, 0, 2 ** 32 - 1, 'UInt32 0..4294967295'],
    [Kvno, -(2 ** 31), 2 ** 32 - 1, 'UInt32 -2147483648..4294967295'],
    [Microseconds, 0, 999_999, 'Microseconds 0..999999'],
  ])('takes the least and the greatest of its range, and no other', (codec, least, greatest, range) => {
    for (const value of [least, greatest]) expect(decode(codec, encode(codec, value))).toBe(value)
    for (const value of [least - 1, greatest + 1, 1.5]) {
      expect(refusalOf(() => encode(codec, value))).toBe(`cannot encode: expected ${range}, found ${value}`)
    }
  })

  test('of microseconds is refused from a second on', () => {
    expect(refusalOf(() => decode(Microseconds, hex('02030f4240')))).toBe(
      'Microseconds: expected an INTEGER 0..999999, found 1000000',
    )
    expect(refusalOf(() => decode(Microseconds, hex('0201ff')))).toBe(
      'Microseconds: expected an INTEGER 0..999999, found -1',
    )
  })

  test('of an unsigned kind is refused from 33 bits on', () => {
    expect(decode(UInt32, hex('020480000000'))).toBe(0x80000000)
    expect(refusalOf(() => decode(UInt32, hex('02050100000000')))).toBe(
      'UInt32: expected an INTEGER -2147483648..4294967295, found 4294967296',
    )
    expect(refusalOf(() => decode(UInt32, hex('0205ff7fffffff')))).toBe(
      'UInt32: expected an INTEGER -2147483648..4294967295, found -2147483649',
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
    ['an octet that begins no character', '1b027f80', 'UTF-8, found other octets'],
    ['Latin-1', '1b01eb', 'UTF-8, found other octets'],
    ['a character in more octets than it needs', '1b02c080', 'UTF-8, found other octets'],
    ['half a surrogate pair', '1b03eda080', 'UTF-8, found other octets'],
    ['other octets in a long text', `1b50${'61'.repeat(79)}ff`, 'UTF-8, found other octets'],
    ['NUL', '1b03610062', 'a string without NUL, found NUL'],
    ['NUL in a long text', `1b50${'61'.repeat(79)}00`, 'a string without NUL, found NUL'],
    ['another type', '0400', 'GeneralString, found OCTET STRING'],
  ])('refuses %s', (_what, bytes, message) => {
    expect(refusalOf(() => decode(KerberosString, hex(bytes)))).toBe(`KerberosString: expected ${message}`)
  })

  test('keeps a byte order mark, which is a character of the name', () => {
    expect(decode(KerberosString, hex('1b04efbbbf61'))).toBe('\ufeffa')
  })

  test.each([
    ['NUL', 'a\0b', 'a string without NUL, found "NUL"'],
    ['NUL in a long text', `${'a'.repeat(99)}\0`, 'a string without NUL, found "NUL"'],
    [
      'half a character',
      'a\ud800',
      'a string without half characters (lone surrogates), found a text of 2 characters, which is not shown',
    ],
  ])('does not write %s', (_what, value, message) => {
    expect(refusalOf(() => encode(KerberosString, value))).toBe(`cannot encode: expected ${message}`)
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

  test('has at least 32 bits when it is written', () => {
    expect(toHex(encode(KerberosFlags, hex('00000001')))).toBe('03050000000001')
    expect(refusalOf(() => encode(KerberosFlags, hex('000001')))).toBe(
      'cannot encode: expected at least 32 flag bits, found 24',
    )
  })

  test('may be shorter than 32 bits, or empty, when it is read', () => {
    expect(toHex(decode(KerberosFlags, hex('030100')))).toBe('00000000')
    expect(toHex(decode(KerberosFlags, hex('03020780')))).toBe('80000000')
    expect(toHex(decode(KerberosFlags, hex('030400010203')))).toBe('01020300')
    expect(toHex(decode(KerberosFlags, hex('03050001020304')))).toBe('01020304')
  })

  test.each(['0300', '030108', '03020800', '03020101', '030101', '03020201', '0303070041'])('refuses %s', (bytes) => {
    expect(refusalOf(() => decode(KerberosFlags, hex(bytes)))).toBe(
      'KerberosFlags: expected a BIT STRING whose unused bits are zero, found another',
    )
  })

  test.each(Array.from({ length: 32 }, (_, bit) => bit))('has bit %i in its place', (bit) => {
    const flags = kerberosFlags(bit)
    expect(Buffer.from(flags).readUInt32BE()).toBe(2 ** (31 - bit))
    expect(Array.from({ length: 32 }, (_, other) => hasFlag(flags, other)).indexOf(true)).toBe(bit)
  })
})

describe('BOOLEAN', () => {
  test('is 0 or 255', () => {
    expect([toHex(encode(Bool, true)), toHex(encode(Bool, false))]).toEqual(['0101ff', '010100'])
    expect([decode(Bool, hex('0101ff')), decode(Bool, hex('010100'))]).toEqual([true, false])
  })

  test.each([
    ['010101', 'BOOLEAN 0 or 255, found 1'],
    ['0100', 'BOOLEAN 0 or 255, found 0 octets'],
    ['0102ffff', 'BOOLEAN 0 or 255, found 2 octets'],
    ['0201ff', 'BOOLEAN, found INTEGER'],
  ])('refuses %s', (bytes, message) => {
    expect(refusalOf(() => decode(Bool, hex(bytes)))).toBe(`BOOLEAN: expected ${message}`)
  })
})

describe('text for people', () => {
  test('is read whatever it is, without the NUL at its end', () => {
    expect(decode(DisplayString, hex('1b036f6b00'))).toBe('ok')
    expect(decode(DisplayString, hex('1b0461006200'))).toBe('a\0b')
    expect(decode(DisplayString, hex('1b046f6b0000'))).toBe('ok')
    expect(decode(DisplayString, hex('1b0265eb'))).toBe('e\ufffd')
    // Read from each of them anew, so many NULs took seconds.
    const started = performance.now()
    expect(decode(DisplayString, hex(`1b82fde9${'00'.repeat(65_000)}61`))).toBe(`${'\0'.repeat(65_000)}a`)
    expect(performance.now() - started).toBeLessThan(200)
    expect(decode(DisplayString, hex('1b04efbbbf61'))).toBe('\ufeffa')
  })

  test('is written as it is', () => {
    expect(toHex(encode(DisplayString, 'zoë'))).toBe('1b047a6fc3ab')
  })

  test('is refused of another type', () => {
    expect(refusalOf(() => decode(DisplayString, hex('0400')))).toBe(
      'KerberosString: expected GeneralString, found OCTET STRING',
    )
  })
})

test('OCTET STRING is its octets', () => {
  expect(toHex(encode(OctetString, hex('0102')))).toBe('04020102')
  expect(decode(OctetString, hex('04020102'))).toEqual(hex('0102'))
  expect(refusalOf(() => decode(OctetString, hex('0200')))).toBe('OCTET STRING: expected OCTET STRING, found INTEGER')
})

test.each([
  [3, 3, true],
  [3, 4, false],
  [3, 0x50003, true],
  [0x50000, undefined, false],
])('the key versions %s and %s are the same one: %s', (ours, theirs, same) => {
  expect(sameKvno(ours, theirs)).toBe(same)
})
