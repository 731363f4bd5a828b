import { describe, expect, test } from 'vitest'
import { ConfigurationError, MalformedTokenError } from '../errors.js'
import { decodeSid, encodeSid, formatSid, parseSid } from './sid.js'

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

describe('a SID', () => {
  test.each([
    ['S-1-5-32-544', '01020000000000052000000020020000'],
    ['S-1-18-1', '010100000000001201000000'],
    ['S-1-5-21-4294967295-0-1-500', '010500000000000515000000ffffffff0000000001000000f4010000'],
    ['S-1-0x010000000000-7', '010101000000000007000000'],
    ['S-1-5', '0100000000000005'],
  ])('%s is encoded and decoded', (text, octets) => {
    expect(Buffer.from(encodeSid(text)).toString('hex')).toBe(octets)
    expect(decodeSid(hex(octets))).toBe(text)
    expect(formatSid(parseSid(text))).toBe(text)
  })

  test.each([
    ['of another revision', '0201000000000005010000ff'],
    ['with 16 sub-authorities', `0110000000000005${'00000000'.repeat(16)}`],
    ['that is cut', '01020000000000052000000020'],
    ['with octets behind it', '01010000000000120100000000'],
    ['of no octets', ''],
  ])('%s is refused', (_what, octets) => {
    expect(() => decodeSid(hex(octets))).toThrow(MalformedTokenError)
  })

  test.each([
    '',
    'S-2-5-18',
    'S-1-5-21-4294967296',
    'S-1-281474976710656-1',
    'S-1-5--1',
    's-1-5-18',
    `S-1-5${'-1'.repeat(16)}`,
  ])('%j is no SID', (text) => {
    expect(() => parseSid(text)).toThrow(ConfigurationError)
  })
})
