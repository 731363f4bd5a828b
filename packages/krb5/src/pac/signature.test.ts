import { describe, expect, test } from 'vitest'
import { Key } from '../crypto/key.js'
import { decodeContainer, encodeContainer } from './container.js'
import {
  blankPacSignature,
  decodePacSignature,
  encodePacSignature,
  PAC_KEY_USAGE,
  verifyPacSignature,
  withSignaturesZeroed,
} from './signature.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const key = new Key(18, new Uint8Array(32).fill(7))
const data = hex('0102030405')
const signature = key.checksum(PAC_KEY_USAGE, data)
const found = { signatureType: 16, signature, rodcIdentifier: undefined }

describe('a signature of a PAC', () => {
  test('of the type of the key and over the data is right', () => {
    expect(() => verifyPacSignature(key, 6, found, data)).not.toThrow()
  })

  test('that is not there is missed', () => {
    expect(() => verifyPacSignature(key, 19, undefined, data)).toThrow(
      expect.objectContaining({
        name: 'RejectedTokenError',
        code: 'KRB_AP_ERR_MODIFIED',
        message: 'The PAC has no FULL_CHECKSUM',
        hint: 'Every PAC of a KDC carries it; a PAC that lost it has been changed, or comes from a KDC without the updates of 2022.',
      }),
    )
  })

  test.each([15, 7, -138])('of checksum type %i is refused, whatever it is over', (signatureType) => {
    expect(() => verifyPacSignature(key, 6, { ...found, signatureType }, data)).toThrow(
      expect.objectContaining({
        code: 'KRB_AP_ERR_INAPP_CKSUM',
        message: `The SERVER_CHECKSUM of the PAC is of checksum type ${signatureType}, but the key signs with 16`,
        hint: 'Verify with the key that opened the ticket. If it was that key, the PAC has been forged.',
      }),
    )
  })

  test.each([
    ['over other data', hex('0102030406'), signature],
    ['that was changed', data, Uint8Array.from(signature, (octet, index) => (index === 11 ? octet ^ 1 : octet))],
    ['that was cut', data, signature.subarray(0, 11)],
    ['for another key usage', data, key.checksum(16, data)],
    ['of nothing', data, hex('')],
  ])('%s is refused', (_, over, octets) => {
    expect(() => verifyPacSignature(key, 7, { ...found, signature: octets }, over)).toThrow(
      expect.objectContaining({
        code: 'KRB_AP_ERR_MODIFIED',
        message: 'The KDC_CHECKSUM of the PAC does not match',
        hint: 'The PAC has been changed after it was signed, or was signed with another key.',
        cause: expect.objectContaining({ name: 'RejectedTokenError' }),
      }),
    )
  })

  test('is not blamed on the peer where the failure is ours', () => {
    const broken: Key = Object.create(Key.prototype, { checksumType: { value: 16 } })
    expect(() => verifyPacSignature(broken, 6, found, data)).toThrow(TypeError)
  })
})

describe('PAC_SIGNATURE_DATA', () => {
  test.each([
    [15, 12],
    [16, 12],
    [17, 16],
    [18, 16],
    [19, 16],
    [20, 24],
    [-138, 16],
  ])('of checksum type %i has %i octets, and perhaps RODCIdentifier behind', (signatureType, length) => {
    const octets = new Uint8Array(length).fill(3)
    for (const rodcIdentifier of [undefined, 0x0102]) {
      const value = { signatureType, signature: octets, rodcIdentifier }
      expect(decodePacSignature(encodePacSignature(value))).toEqual(value)
    }
    const cut = encodePacSignature({ signatureType, signature: octets.subarray(1), rodcIdentifier: undefined })
    expect(() => decodePacSignature(cut)).toThrow(
      `PAC.SERVER_CHECKSUM.Signature: expected ${length} octets, found ${length - 1} octets`,
    )
    const long = { signatureType, signature: new Uint8Array(length + 1), rodcIdentifier: undefined }
    expect(() => decodePacSignature(encodePacSignature(long))).toThrow(
      'PAC.SERVER_CHECKSUM: expected no octets after the last field, found 1 octets',
    )
  })

  test('is written with the number of the type, signed, before and RODCIdentifier behind', () => {
    const value = { signatureType: -138, signature: new Uint8Array(16), rodcIdentifier: 0x0102 }
    expect(Buffer.from(encodePacSignature(value)).toString('hex')).toBe(`76ffffff${'00'.repeat(16)}0201`)
  })

  test('of a type that nobody knows is all that is there', () => {
    expect(decodePacSignature(hex('67120000 01020304 05'))).toEqual({
      signatureType: 4711,
      signature: hex('0102030405'),
      rodcIdentifier: undefined,
    })
  })

  test('that has no type names the field', () => {
    expect(() => decodePacSignature(hex('0100'), 'PAC.X')).toThrow('PAC.X.SignatureType: expected 4 octets, found 2')
  })

  test('is blank with the length of the type that the key signs with', () => {
    expect(blankPacSignature(key)).toEqual({
      signatureType: 16,
      signature: new Uint8Array(12),
      rodcIdentifier: undefined,
    })
    expect(blankPacSignature(key, 7).rodcIdentifier).toBe(7)
  })
})

describe('the PAC that is signed', () => {
  const pacOf = (size: number) =>
    encodeContainer([
      { type: 1, data: new Uint8Array(size).fill(9) },
      { type: 6, data: hex('10000000 ffffffffffffffffffffffff 0102') },
      { type: 7, data: hex('10000000 eeeeeeeeeeeeeeeeeeeeeeee') },
    ])

  test.each([8, 9000])(
    'has zeros for all of a signature but its type, and nothing else changed (%i octets)',
    (size) => {
      const pac = pacOf(size)
      const before = pac.slice()
      const zeroed = withSignaturesZeroed(pac, decodeContainer(pac), [6])
      const expected = pac.slice()
      const [, server] = decodeContainer(pac)
      expected.fill(0, server.offset + 4, server.offset + server.data.length)
      expect(Buffer.from(zeroed).equals(expected)).toBe(true)
      expect(Buffer.from(pac).equals(before)).toBe(true)
    },
  )

  test('is made anew for each, so that one is not seen in the next, which is shorter', () => {
    const long = withSignaturesZeroed(pacOf(400), decodeContainer(pacOf(400)), [6, 7])
    expect(long).toHaveLength(pacOf(400).length)
    const short = withSignaturesZeroed(pacOf(8), decodeContainer(pacOf(8)), [])
    expect(Buffer.from(short).equals(pacOf(8))).toBe(true)
  })
})
