import { describe, expect, test } from 'vitest'
import {
  Authenticator,
  clientChallenge,
  netlogonCredential,
  netlogonSessionKey,
  requireServerCredential,
} from './netlogon-credentials.js'
import { NetlogonSeal } from './netlogon-seal.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
const KEY = new Uint8Array(16).fill(7)
const CLIENT = hex('1112131415161718')
const sealWith = (sessionKey = KEY) =>
  new NetlogonSeal({
    sessionKey,
    domain: 'CORP',
    computer: 'WEB01',
    random: (length) => new Uint8Array(length).fill(9),
  })
const FRAGMENT = { header: new Uint8Array(24).fill(1), message: new Uint8Array(32).fill(2), trailer: new Uint8Array(8) }

/**
 * The inputs of MS-NRPC section 4.2, of which the document prints the results without AES alone.
 */
describe('the key of a secure channel', () => {
  test('is made of the hash and both challenges', () => {
    const hash = hex('31a590170a351fd511b2a9ee5ddb8a12')
    const key = netlogonSessionKey(hash, hex('0102030405060708'), hex('1112131415161718'))
    expect(key).toHaveLength(16)
    expect(hexOf(netlogonSessionKey(hash, hex('1112131415161718'), hex('0102030405060708')))).not.toBe(hexOf(key))
  })

  test('is drawn again while the challenge begins with equal octets', () => {
    const drawn = [hex('0000000000000000'), hex('0505050505060708'), hex('0505050506060708')]
    expect(hexOf(clientChallenge(() => drawn.shift() ?? new Uint8Array(8)))).toBe('0505050506060708')
  })

  test('is proved by the credential of the controller', () => {
    const server = hex('0102030405060708')
    expect(() => requireServerCredential(KEY, CLIENT, server, netlogonCredential(KEY, server))).not.toThrow()
    expect(() => requireServerCredential(KEY, CLIENT, server, hex('0102030405060708'))).toThrow('credential is wrong')
  })

  test('is not proved by whoever sends back our own challenge and our own credential', () => {
    expect(() => requireServerCredential(KEY, CLIENT, CLIENT, netlogonCredential(KEY, CLIENT))).toThrow(
      'its credential is wrong',
    )
  })

  test.each([
    ['repeats one octet', (length: number) => new Uint8Array(length).fill(3)],
    ['gives nothing', () => new Uint8Array(0)],
  ])('is not agreed on with a source of random octets that %s: an error, and no loop', (_what, random) => {
    expect(() => clientChallenge(random)).toThrow('ntlm: random gives no random octets')
  })

  test('is not proved by zeros, whatever they would be (ZeroLogon)', () => {
    const zeros = new Uint8Array(8)
    // One key of 256 makes zeros of zeros.
    const keys = Array.from({ length: 2_000 }, (_, at) => {
      const key = new Uint8Array(16)
      new DataView(key.buffer).setUint32(0, at)
      return key
    })
    const key = keys.find((one) => netlogonCredential(one, zeros).every((octet) => octet === 0))
    expect(key).toBeDefined()
    expect(() => requireServerCredential(key ?? KEY, CLIENT, zeros, zeros)).toThrow('its credential is wrong')
  })

  test('makes authenticators that are proved in return', () => {
    const credential = hex('0102030405060708')
    const ours = new Authenticator(KEY, credential)
    const sent = ours.next(1_000)
    expect(hexOf(sent.subarray(8))).toBe('e8030000')
    const right = hex('01020304 05060708')
    new DataView(right.buffer).setUint32(0, new DataView(credential.buffer).getUint32(0, true) + 1_001, true)
    expect(() => ours.verify(netlogonCredential(KEY, right))).not.toThrow()
    const theirs = new Authenticator(KEY, credential)
    theirs.next(1_000)
    expect(() => theirs.verify(new Uint8Array(12))).toThrow('its authenticator is wrong')
  })
})

describe('a sealed fragment', () => {
  /** Turns a fragment of ours into one of the controller's, of which only the direction differs. */
  function answerOf(count: number): { sealed: Uint8Array; token: Uint8Array } {
    const controller = sealWith()
    for (let at = 0; at < count; at++) controller.seal(FRAGMENT)
    return controller.seal(FRAGMENT)
  }

  test('has the head of AES, and a length of 56', () => {
    const { token, sealed } = sealWith().seal(FRAGMENT)
    expect([hexOf(token.subarray(0, 8)), token.length, sealed.length]).toEqual(['13001a00ffff0000', 56, 32])
  })

  test('of our own does not come back as an answer', () => {
    const { sealed, token } = answerOf(0)
    expect(() => sealWith().open({ ...FRAGMENT, message: sealed }, token)).toThrow('comes out of turn')
  })

  test.each([
    [
      'of another length',
      (token: Uint8Array) => token.subarray(0, 32),
      'expected 56 octets, sealed with AES, found 32 octets',
    ],
    ['of another algorithm', (token: Uint8Array) => token.with(0, 0x77), 'expected 56 octets, sealed with AES'],
  ])('with a token %s is refused', (_what, change, message) => {
    const { sealed, token } = answerOf(0)
    expect(() => sealWith().open({ ...FRAGMENT, message: sealed }, change(token))).toThrow(message)
  })

  test('names the domain and the machine in the bind', () => {
    const { bindToken } = sealWith()
    expect(hexOf(bindToken)).toBe(`0000000003000000${Buffer.from('CORP\0WEB01\0').toString('hex')}`)
    expect(() => sealWith().acceptBind(hex('010000000000000000000000'))).not.toThrow()
    expect(() => sealWith().acceptBind(hex('000000000000000000000000'))).toThrow('MessageType: expected 1, found 0')
  })
})
