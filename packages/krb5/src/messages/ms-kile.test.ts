import { describe, expect, test } from 'vitest'
import { decode, encode } from '../asn1/codec.js'
import { ConfigurationError } from '../errors/errors.js'
import { KerbAdRestrictionEntries } from './authorization-data.js'
import {
  decodeKerbExtError,
  decodeSupportedEnctypes,
  decodeTokenInfoIntegrity,
  encodeKerbExtError,
  encodeSupportedEnctypes,
  encodeTokenInfoIntegrity,
  SupportedEnctype,
  supportedEnctypeBits,
  TokenIntegrityLevel,
} from './ms-kile.js'

const octets = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const at = (path: string) => expect.objectContaining({ name: 'MalformedTokenError', path })

describe('PA-SUPPORTED-ENCTYPES', () => {
  test('is four octets, the least first', () => {
    expect(decodeSupportedEnctypes(octets('1c000700'))).toBe(0x7_001c)
    expect(encodeSupportedEnctypes(0x8007_001c)).toEqual(octets('1c000780'))
    expect(decodeSupportedEnctypes(octets('1c000780'))).toBe(0x8007_001c)
  })

  test('has a bit for what Active Directory knows', () => {
    expect(supportedEnctypeBits([18, 17, 23])).toBe(0x1c)
    expect(supportedEnctypeBits([20, 26, 99])).toBe(0)
    expect(supportedEnctypeBits([3, 3])).toBe(SupportedEnctype.DES_CBC_MD5)
  })

  test.each(['', '1c0000', '1c00000000'])('of octets %j is refused', (hex) => {
    expect(() => decodeSupportedEnctypes(octets(hex))).toThrow(at('PA-SUPPORTED-ENCTYPES'))
  })
})

describe('KERB_EXT_ERROR', () => {
  test('is a status, a reserved number and flags', () => {
    // STATUS_ACCOUNT_DISABLED.
    const bytes = octets('720000c00000000001000000')
    expect(decodeKerbExtError(bytes)).toEqual({ status: 0xc000_0072, flags: 1 })
    expect(encodeKerbExtError({ status: 0xc000_0072, flags: 1 })).toEqual(bytes)
  })

  test('of another length is refused', () => {
    expect(() => decodeKerbExtError(octets('720000c0'))).toThrow(at('KERB_EXT_ERROR.Reserved'))
    expect(() => decodeKerbExtError(octets(`720000c0${'00'.repeat(9)}`))).toThrow(at('KERB_EXT_ERROR'))
  })
})

describe('LSAP_TOKEN_INFO_INTEGRITY', () => {
  const machine = '0123456789abcdef'.repeat(4)
  const bytes = octets(`0100000000200000${machine}`)
  const info = { flags: 1, integrityLevel: TokenIntegrityLevel.MEDIUM, machineId: octets(machine) }

  test('stands in a restriction entry', () => {
    const entries = encode(KerbAdRestrictionEntries, [
      { restrictionType: 0, restriction: encodeTokenInfoIntegrity(info) },
    ])
    const [{ restriction }] = decode(KerbAdRestrictionEntries, entries)
    expect(restriction).toEqual(bytes)
    expect(decodeTokenInfoIntegrity(restriction)).toEqual(info)
  })

  test('may have more behind it, not less', () => {
    expect(decodeTokenInfoIntegrity(Uint8Array.of(...bytes, 1, 2))).toEqual(info)
    expect(() => decodeTokenInfoIntegrity(bytes.subarray(0, 39))).toThrow(at('LSAP_TOKEN_INFO_INTEGRITY.MachineID'))
    expect(() => encodeTokenInfoIntegrity({ ...info, machineId: octets('00') })).toThrow(ConfigurationError)
  })
})
