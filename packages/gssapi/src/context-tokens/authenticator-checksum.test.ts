import { describe, expect, test } from 'vitest'
import {
  decodeAuthenticatorChecksum,
  encodeAuthenticatorChecksum,
  GSS_CHECKSUM_TYPE,
  readAuthenticatorChecksum,
} from './authenticator-checksum.js'
import { ContextFlag } from './context-flags.js'
import { fromHex, join, refusalOf, text } from '../fixtures/octets.js'

const bindings = '000102030405060708090a0b0c0d0e0f'

test('flags and bindings come back as they were encoded', () => {
  const { cksumtype, checksum } = encodeAuthenticatorChecksum({ channelBindings: fromHex(bindings), flags: 0x013e })
  expect(cksumtype).toBe(GSS_CHECKSUM_TYPE)
  expect(checksum).toEqual(fromHex(`10000000 ${bindings} 3e010000`))
  expect(decodeAuthenticatorChecksum(checksum)).toEqual({ channelBindings: fromHex(bindings), flags: 0x013e })
})

test('without bindings there are zeros', () => {
  expect(encodeAuthenticatorChecksum({ flags: 0 }).checksum).toEqual(fromHex(`10000000 ${'00'.repeat(16)} 00000000`))
})

test('a forwarded ticket sets the flag, and no ticket clears it', () => {
  const { checksum } = encodeAuthenticatorChecksum({ flags: 0, delegation: text('cred') })
  expect(checksum.subarray(20)).toEqual(fromHex('01000000 0100 0400 63726564'))
  expect(decodeAuthenticatorChecksum(checksum)).toMatchObject({ flags: ContextFlag.DELEG, delegation: text('cred') })
  expect(encodeAuthenticatorChecksum({ flags: ContextFlag.DELEG }).checksum.subarray(20)).toEqual(fromHex('00000000'))
})

test('extensions are kept, with and without a forwarded ticket', () => {
  for (const delegation of [undefined, text('cred')]) {
    const { checksum } = encodeAuthenticatorChecksum({ flags: 0, delegation, extensions: text('more') })
    expect(decodeAuthenticatorChecksum(checksum)).toMatchObject({ extensions: text('more') })
  }
})

describe('a checksum is refused', () => {
  const head = fromHex(`10000000 ${bindings}`)
  test.each([
    ['that is empty', new Uint8Array(0), 'Lgth'],
    ['that ends in its bindings', fromHex('10000000 0001'), 'Bnd'],
    ['that ends in the length of its ticket', join(head, fromHex('01000000 0100 03')), 'Dlgth'],
    ['that ends before its flags do', join(head, fromHex('3e0100')), 'Flags'],
    ['whose bindings are not 16 octets', fromHex(`18000000 ${bindings} 00000000 00000000 00000000`), 'Lgth'],
    ['that promises a forwarded ticket and ends', join(head, fromHex('01000000')), 'DlgOpt'],
    ['of another delegation option', join(head, fromHex('01000000 0200 0000')), 'DlgOpt'],
    ['whose forwarded ticket is cut off', join(head, fromHex('01000000 0100 0300 0000')), 'Deleg'],
  ])('%s', (_, bytes, field) => {
    expect(() => decodeAuthenticatorChecksum(bytes)).toThrow(`Authenticator.cksum.${field}: expected`)
  })
})

test('an authenticator without this checksum is refused', () => {
  const needed = 'KRB_AP_ERR_INAPP_CKSUM: the authenticator needs the GSS-API checksum (type 0x8003), it has'
  const other = () => readAuthenticatorChecksum({ cksum: { cksumtype: 16, checksum: new Uint8Array(24) } })
  expect(refusalOf(() => readAuthenticatorChecksum({}))).toBe(`${needed} none`)
  expect(refusalOf(other)).toBe(`${needed} type 16`)
  expect(other).toThrow(
    expect.objectContaining({
      hint: 'The client speaks Kerberos without GSS-API. Negotiate needs a GSS-API or SSPI client.',
    }),
  )
  const cksum = encodeAuthenticatorChecksum({ flags: 2 })
  expect(readAuthenticatorChecksum({ cksum }).flags).toBe(2)
})

test('what does not fit cannot be encoded', () => {
  expect(() => encodeAuthenticatorChecksum({ flags: 0, delegation: new Uint8Array(65_536) })).toThrow(
    'a KRB-CRED of 65536 octets does not fit, 65535 is the most',
  )
  expect(() => encodeAuthenticatorChecksum({ flags: 0, channelBindings: new Uint8Array(15) })).toThrow(
    'the hash of channel bindings has 16 octets',
  )
})

test('the largest forwarded ticket that its length can say fits', () => {
  const { checksum } = encodeAuthenticatorChecksum({ flags: 0, delegation: new Uint8Array(65_535).fill(7) })
  expect(decodeAuthenticatorChecksum(checksum).delegation).toEqual(new Uint8Array(65_535).fill(7))
})
