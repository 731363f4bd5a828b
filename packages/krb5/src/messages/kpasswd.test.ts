import { describe, expect, test } from 'vitest'
import { decode, encode } from '../asn1/codec.js'
import { ConfigurationError, MalformedTokenError } from '../errors/errors.js'
import {
  ChangePasswdData,
  decodeKpasswdMessage,
  decodeKpasswdResult,
  encodeKpasswdMessage,
  encodeKpasswdResult,
  kpasswdResultName,
  KpasswdVersion,
} from './kpasswd.js'

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

describe('a message to a password server', () => {
  const set = { version: KpasswdVersion.SET, ap: octets('aabb'), body: octets('ccddee') }

  test('has its length, the version, the length of the AP-REQ, and both parts', () => {
    expect(hex(encodeKpasswdMessage(set))).toBe('000bff800002aabbccddee')
    expect(decodeKpasswdMessage(octets('000bff800002aabbccddee'))).toEqual(set)
  })

  test('may have no AP-REP: then the rest is a KRB-ERROR', () => {
    expect(decodeKpasswdMessage(octets('0008000100007e00'))).toEqual({
      version: 1,
      ap: new Uint8Array(0),
      body: octets('7e00'),
    })
  })

  test.each([
    ['shorter than it says', '000cff800002aabbccddee', 'KPASSWD.length'],
    ['longer than it says', '000aff800002aabbccddee', 'KPASSWD.length'],
    ['of an AP-REP longer than the message', '000bff800006aabbccddee', 'KPASSWD.ap'],
    ['cut in its head', '0004ff80', 'KPASSWD.ap-length'],
    ['empty', '', 'KPASSWD.length'],
  ])('%s is refused, with the field', (_what, bytes, path) => {
    const refused = (): unknown => decodeKpasswdMessage(octets(bytes))
    expect(refused).toThrow(MalformedTokenError)
    expect(refused).toThrow(expect.objectContaining({ path }))
  })

  test('that 16 bits cannot count is not written', () => {
    const encoding = (length: number) => () =>
      encodeKpasswdMessage({ version: 1, ap: new Uint8Array(0), body: new Uint8Array(length) })
    expect(encoding(0xffff - 6)().length).toBe(0xffff)
    expect(encoding(0xffff - 5)).toThrow(ConfigurationError)
    expect(encoding(0xffff - 5)).toThrow('cannot encode: at most 65535 octets fit into the message, found 65536')
  })
})

test('ChangePasswdData names the target only where there is one', () => {
  const newpasswd = new TextEncoder().encode('zoë')
  expect(hex(encode(ChangePasswdData, { newpasswd }))).toBe('3008a00604047a6fc3ab')
  const whole = { newpasswd, targname: { nameType: 1, nameString: ['alice'] }, targrealm: 'AD.TEST' }
  expect(decode(ChangePasswdData, encode(ChangePasswdData, whole))).toEqual(whole)
})

test('a result is a code and what is said of it', () => {
  expect(decodeKpasswdResult(octets('00046e6f'))).toEqual({ code: 4, text: octets('6e6f') })
  expect(hex(encodeKpasswdResult({ code: 4, text: octets('6e6f') }))).toBe('00046e6f')
  expect(decodeKpasswdResult(octets('0000'))).toEqual({ code: 0, text: new Uint8Array(0) })
  expect(() => decodeKpasswdResult(octets('00'))).toThrow(expect.objectContaining({ path: 'KPASSWD result.code' }))
})

test('results have the names of RFC 3244, and others their number', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 99].map(kpasswdResultName)).toEqual([
    'KRB5_KPASSWD_SUCCESS',
    'KRB5_KPASSWD_MALFORMED',
    'KRB5_KPASSWD_HARDERROR',
    'KRB5_KPASSWD_AUTHERROR',
    'KRB5_KPASSWD_SOFTERROR',
    'KRB5_KPASSWD_ACCESSDENIED',
    'KRB5_KPASSWD_BAD_VERSION',
    'KRB5_KPASSWD_INITIAL_FLAG_NEEDED',
    'KRB5_KPASSWD_RESULT_99',
  ])
})
