import { describe, expect, test } from 'vitest'
import { decode, encode } from '../../asn1/codec.js'
import { hasFlag, kerberosFlags } from '../../asn1/primitives.js'
import { OtpFlag, OtpFormat, PaOtpChallenge, PaOtpEncRequest, PaOtpRequest } from './otp.js'

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/ /g, ''), 'hex'))

test('the sealed nonce is a sequence whose field has lost its own tag', () => {
  expect(hex(encode(PaOtpEncRequest, { nonce: Uint8Array.of(1, 2) }))).toBe('300480020102')
  expect(decode(PaOtpEncRequest, octets('300480020102'))).toEqual({ nonce: Uint8Array.of(1, 2) })
})

describe('a challenge', () => {
  test('is read as MIT sends it: a nonce and a token of which nothing is said', () => {
    // 80 nonce, a2 tokens, 30 token, 80 flags
    const challenge = decode(PaOtpChallenge, octets('300f 8002aabb a209 3007 800500 00000000'))
    expect(hex(challenge.nonce)).toBe('aabb')
    expect(challenge.tokenInfo).toEqual([{ ...NOTHING, flags: kerberosFlags() }])
  })

  test('is read with all that may be in it, and with what a later version adds', () => {
    const token = '80050012000000 8103614263 820401020304 830106 840100 850178 860175 a704 3002 0500 880203e8 9e0100'
    const body = `8001aa 8103737663 a2${length(`30${length(token)}`)} 830173 8400`
    const { nonce, service, tokenInfo, salt, s2kparams } = decode(PaOtpChallenge, octets(`30${length(body)}`))
    expect([hex(nonce), service, salt, s2kparams?.length]).toEqual(['aa', 'svc', 's', 0])
    const [first] = tokenInfo
    expect(hasFlag(first.flags, OtpFlag.COLLECT_PIN) && hasFlag(first.flags, OtpFlag.SEPARATE_PIN_REQUIRED)).toBe(true)
    expect(first).toMatchObject({
      vendor: 'aBc',
      length: 6,
      format: OtpFormat.DECIMAL,
      algId: 'u',
      iterationCount: 1000,
    })
    expect(first.supportedHashAlg?.map(hex)).toEqual(['30020500'])
  })

  test.each([
    ['without a nonce', '300b a209 3007 800500 00000000', 'PA-OTP-CHALLENGE.nonce'],
    ['without a token', '3006 8002aabb a200', 'at least 1 element'],
    ['with tags of their own', '3009 a003 0401aa a202 3000', 'PA-OTP-CHALLENGE.nonce'],
    ['whose token has no flags', '3008 8002aabb a202 3000', 'OTP-TOKENINFO.flags'],
  ])('%s is none', (_what, text, expected) => {
    expect(() => decode(PaOtpChallenge, octets(text))).toThrow(expect.objectContaining({ expected }))
  })

  test('whose vendor is not UTF-8 is none', () => {
    const token = '80050000000000 8101ff'
    const body = `8001aa a2${length(`30${length(token)}`)}`
    expect(() => decode(PaOtpChallenge, octets(`30${length(body)}`))).toThrow(
      expect.objectContaining({ expected: 'UTF-8' }),
    )
  })
})

test('an answer is written with implicit tags, EncryptedData among them', () => {
  const encData = { etype: 18, cipher: Uint8Array.of(9) }
  const value = new TextEncoder().encode('123456')
  const request = { flags: kerberosFlags(), encData, value, pin: 'pin' }
  expect(hex(encode(PaOtpRequest, request))).toBe(
    `3020${['80050000000000', 'a20aa003020112a203040109', '8506313233343536', '860370696e'].join('')}`,
  )
  expect(decode(PaOtpRequest, encode(PaOtpRequest, request))).toMatchObject(request)
})

const NOTHING = {
  vendor: undefined,
  challenge: undefined,
  length: undefined,
  format: undefined,
  tokenId: undefined,
  algId: undefined,
  supportedHashAlg: undefined,
  iterationCount: undefined,
}

/** Returns a length octet and the octets behind it. */
function length(text: string): string {
  const body = text.replace(/ /g, '')
  return (body.length / 2).toString(16).padStart(2, '0') + body
}
