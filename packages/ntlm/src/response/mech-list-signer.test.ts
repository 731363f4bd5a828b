import { rc4 } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { clientMic, serverMic } from '../fixtures/spnego-client.js'
import { NtlmFlag } from '../messages/ntlm-flags.js'
import { encodeText } from '../messages/text.js'
import { directionKeys, mechListSigner } from './mech-list-signer.js'

const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
/** MS-NLMP section 4.2.4: RandomSessionKey. */
const KEY = new Uint8Array(16).fill(0x55)
const { KEY_128, KEY_56, KEY_EXCHANGE } = NtlmFlag
/** The list [NTLM] in DER. */
const LIST = Uint8Array.from(Buffer.from('300c060a2b06010401823702020a', 'hex'))

describe('the keys of the example of MS-NLMP section 4.2.4', () => {
  test('are the printed ones', () => {
    const { signing, sealing } = directionKeys(KEY, KEY_128, 'client-to-server')
    expect(hexOf(signing)).toBe('4788dc861b4782f35d43fd98fe1a2d39')
    expect(hexOf(sealing)).toBe('59f600973cc4960a25480a7c196e4c58')
  })

  test('make the printed signature of Plaintext, which stands behind the sealed text', () => {
    const plaintext = encodeText('Plaintext')
    const { sealing } = directionKeys(KEY, KEY_128, 'client-to-server')
    const checksum = Buffer.from('70352851f2564309', 'hex')
    const sealed = rc4(sealing, Buffer.concat([plaintext, checksum]))
    expect(hexOf(sealed)).toBe('54e50165bf1936dc996020c1811b0f06fb5f7fb38ec5c55d4976')
    // Without a key exchange the checksum is shown as it is.
    const clear = Buffer.from('0100000070352851f256430900000000', 'hex')
    expect(mechListSigner(KEY, KEY_128, false).verify(plaintext, clear)).toBe(true)
  })

  test('are of 16, 7 or 5 octets of the session key for sealing', () => {
    const sealingOf = (flags: number): string => hexOf(directionKeys(KEY, flags, 'server-to-client').sealing)
    expect(sealingOf(KEY_128)).toBe('9355f3a957c1583d25c4c2f11e40390e')
    expect(new Set([KEY_128, KEY_56, 0].map(sealingOf)).size).toBe(3)
  })
})

describe('the signature of a list', () => {
  const signer = mechListSigner(KEY, KEY_128 | KEY_EXCHANGE, true)

  test('has version 1 and number 0, each time', () => {
    const first = hexOf(signer.sign(LIST))
    expect(first).toMatch(/^01000000[0-9a-f]{16}00000000$/)
    expect(hexOf(signer.sign(LIST))).toBe(first)
  })

  test('is that of other implementations', () => {
    expect(hexOf(signer.sign(LIST))).toBe(hexOf(serverMic(LIST)))
  })

  test('of one direction is none of the other', () => {
    expect(signer.verify(LIST, signer.sign(LIST))).toBe(false)
  })

  test.each([
    ['an octet less', (mic: Uint8Array) => mic.subarray(1)],
    ['nothing', () => new Uint8Array(0)],
    ['another number', (mic: Uint8Array) => mic.with(12, 1)],
    ['another version', (mic: Uint8Array) => mic.with(0, 2)],
    ['another checksum', (mic: Uint8Array) => mic.with(4, mic[4] ^ 1)],
  ])('is not %s', (_what, change) => {
    const right = clientMic(LIST)
    expect(signer.verify(LIST, right)).toBe(true)
    expect(signer.verify(LIST, change(right))).toBe(false)
  })

  test('outlives the session key, which is wiped', () => {
    const key = KEY.slice()
    const kept = mechListSigner(key, KEY_128 | KEY_EXCHANGE, true)
    key.fill(0)
    expect(kept.verify(LIST, clientMic(LIST))).toBe(true)
  })
})
