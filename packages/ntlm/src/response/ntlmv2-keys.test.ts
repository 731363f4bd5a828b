import { rc4 } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { exportedSessionKey, ntHashOf, ntowfv2, ntProof, sessionBaseKey } from './ntlmv2-keys.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

/** MS-NLMP section 4.2.4: User, Domain, Password; the challenge, the client's AA x 8, time 0. */
const CHALLENGE = hex('0123456789abcdef')
const BLOB = hex(`01010000 00000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
  02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000`)

describe('the example of MS-NLMP section 4.2.4', () => {
  test('gives each of the printed values', async () => {
    const key = ntowfv2(await ntHashOf('Password'), 'User', 'Domain')
    const proof = ntProof(key, CHALLENGE, BLOB)
    const baseKey = sessionBaseKey(key, proof)
    expect(hexOf(key)).toBe('0c868a403bfd7a93a3001ef22ef02e3f')
    expect(hexOf(proof)).toBe('68cd0ab851e51c96aabc927bebef6a1c')
    expect(hexOf(baseKey)).toBe('8de40ccadbc14a82f15cb0ad0de95ca3')
    expect(hexOf(rc4(baseKey, new Uint8Array(16).fill(0x55)))).toBe('c5dad2544fc9799094ce1ce90bc9d03e')
  })

  test('exchanges a key only where messages are signed or sealed with it', () => {
    const baseKey = hex('8de40ccadbc14a82f15cb0ad0de95ca3')
    const encrypted = hex('c5dad2544fc9799094ce1ce90bc9d03e')
    expect(hexOf(exportedSessionKey(baseKey, 0x4000_0010, encrypted))).toBe('55'.repeat(16))
    expect(hexOf(exportedSessionKey(baseKey, 0x4000_0000, encrypted))).toBe(hexOf(baseKey))
    expect(hexOf(exportedSessionKey(baseKey, 0x10, encrypted))).toBe(hexOf(baseKey))
  })
})

test('names outside of ASCII are raised to capitals too', async () => {
  const hash = await ntHashOf('pässwörd')
  expect(hexOf(ntowfv2(hash, 'zoë', 'CORP'))).toBe(hexOf(ntowfv2(hash, 'ZOË', 'CORP')))
  expect(hexOf(ntowfv2(hash, 'zoë', 'CORP'))).not.toBe(hexOf(ntowfv2(hash, 'zoë', 'corp')))
})
