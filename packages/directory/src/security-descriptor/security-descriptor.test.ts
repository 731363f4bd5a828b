import { describe, expect, test } from 'vitest'
import { decodeSecurityDescriptor, encodeSecurityDescriptor, grantTo } from './security-descriptor.js'

const ALICE = 'S-1-5-21-1-2-3-1104'
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

describe('a security descriptor', () => {
  test('that grants to one account is written as Active Directory does', () => {
    const octets = encodeSecurityDescriptor({ owner: undefined, dacl: [grantTo(ALICE)] })
    // MS-DTYP section 2.4.6: revision 1, self-relative with a DACL, owner BUILTIN\Administrators at
    // 20.
    expect(hex(octets)).toBe(
      '010004801400000000000000000000002400000001020000000000052000000020020000' +
        '04002c00010000000000240' +
        '0ff010f00010500000000000515000000010000000200000003000000' +
        '50040000',
    )
    expect(decodeSecurityDescriptor(octets)).toEqual({
      owner: 'S-1-5-32-544',
      dacl: [{ type: 0, flags: 0, body: octets.subarray(48), plain: { mask: 0xf01ff, sid: ALICE } }],
    })
  })

  test('keeps entries that are not known here as they came', () => {
    const strange = { type: 9, flags: 3, body: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), plain: undefined }
    const octets = encodeSecurityDescriptor({ owner: ALICE, dacl: [strange, grantTo(ALICE)] })
    const decoded = decodeSecurityDescriptor(octets)
    expect(decoded.owner).toBe(ALICE)
    expect(decoded.dacl?.[0]).toEqual(strange)
    expect(hex(encodeSecurityDescriptor(decoded))).toBe(hex(octets))
  })

  test('without a DACL is told from one that grants nothing', () => {
    expect(decodeSecurityDescriptor(encodeSecurityDescriptor({ owner: ALICE, dacl: undefined })).dacl).toBeUndefined()
    expect(decodeSecurityDescriptor(encodeSecurityDescriptor({ owner: ALICE, dacl: [] })).dacl).toEqual([])
  })

  test('cut anywhere is refused', () => {
    const whole = encodeSecurityDescriptor({ owner: ALICE, dacl: [grantTo(ALICE)] })
    for (let length = 0; length < whole.length; length++) {
      const decode = (): unknown => decodeSecurityDescriptor(whole.subarray(0, length))
      expect(decode, `${length} octets`).toThrow(/expected .*, found /)
    }
  })

  test.each([
    [0, 2, 'Revision: expected 1, found 2'],
    [3, 0, 'Control: expected self-relative, found 4'],
    [16, 0xff, 'OffsetDacl: expected 20 to 79, found 255'],
    [36, 3, 'AclRevision: expected 2 or 4, found 3'],
    [40, 0xff, 'expected 255 elements'],
    [46, 2, 'AceSize: expected at least 4, found 2'],
  ])('with octet %i = %i is refused', (at, value, message) => {
    const octets = encodeSecurityDescriptor({ owner: undefined, dacl: [grantTo(ALICE)] })
    octets[at] = value
    const decode = (): unknown => decodeSecurityDescriptor(octets)
    expect(decode).toThrow(message)
  })
})
