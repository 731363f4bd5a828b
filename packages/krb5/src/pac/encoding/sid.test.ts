import { describe, expect, test } from 'vitest'
import { ConfigurationError, MalformedTokenError } from '../../errors/errors.js'
import { decodeSid, encodeSid, formatSid, parseSid } from './sid.js'

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

describe('a SID', () => {
  test.each([
    ['S-1-5-32-544', '01020000000000052000000020020000'],
    ['S-1-18-1', '010100000000001201000000'],
    ['S-1-5-21-4294967295-0-1-500', '010500000000000515000000ffffffff0000000001000000f4010000'],
    ['S-1-0x010000000000-7', '010101000000000007000000'],
    ['S-1-5', '0100000000000005'],
    ['S-1-4294967295-1', '01010000ffffffff01000000'],
    ['S-1-0x000100000000-1', '010100010000000001000000'],
    ['S-1-0xFFFFFFFFFFFF-1', '0101ffffffffffff01000000'],
    [`S-1-5${'-1'.repeat(15)}`, `010f000000000005${'01000000'.repeat(15)}`],
  ])('%s is encoded and decoded', (text, octets) => {
    expect(Buffer.from(encodeSid(text)).toString('hex')).toBe(octets)
    expect(decodeSid(hex(octets))).toBe(text)
    expect(formatSid(parseSid(text))).toBe(text)
  })

  test.each([
    ['of another revision', '0201000000000005010000ff', 'revision 1, found 2'],
    ['with 16 sub-authorities', `0110000000000005${'00000000'.repeat(16)}`, 'at most 15 sub-authorities, found 16'],
    ['that is cut', '01020000000000052000000020', '4 octets, found 1 octets'],
    ['with octets behind it', '01010000000000120100000000', 'no octets after the last field, found 1 octets'],
    ['of no octets', '', '1 octets, found 0 octets'],
  ])('%s is refused', (_what, octets, message) => {
    expect(() => decodeSid(hex(octets))).toThrow(MalformedTokenError)
    expect(() => decodeSid(hex(octets))).toThrow(`SID: expected ${message}`)
  })

  test.each([
    '',
    'S-2-5-18',
    'S-1-5-21-4294967296',
    'S-1-281474976710656-1',
    'S-1-5--1',
    's-1-5-18',
    'xS-1-5-18',
    'S-1-5-18x',
    'S-1-0x1000000000000-1',
    'S-1-x-1',
    `S-1-5${'-1'.repeat(16)}`,
  ])('%j is no SID', (text) => {
    expect(() => parseSid(text)).toThrow(ConfigurationError)
    expect(() => parseSid(text)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^Not a security identifier: ./),
        hint: 'Write it as S-1-5-21-…, with at most 15 numbers of 32 bits after the identifier authority.',
      }),
    )
  })
})

test('a SID may be written with an authority in either number system, and is read as one', () => {
  expect(parseSid('S-1-281474976710655-1')).toEqual({ identifierAuthority: 0xffff_ffff_ffff, subAuthorities: [1] })
  expect(parseSid('S-1-0x5-18')).toEqual({ identifierAuthority: 5, subAuthorities: [18] })
})
