import {
  ConfigurationError,
  decodeCcache,
  decodeSid,
  encodeCcache,
  encodeSid,
  formatSid,
  Keytab,
  parseSid,
} from '@s4u/krb5'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeClaims, encodeClaims } from '../../packages/krb5/src/pac/buffers/claims.js'
import { decodeClientInfo, encodeClientInfo } from '../../packages/krb5/src/pac/buffers/client-info.js'
import { decodeContainer, encodeContainer } from '../../packages/krb5/src/pac/container.js'
import { decodeDelegationInfo, encodeDelegationInfo } from '../../packages/krb5/src/pac/buffers/delegation-info.js'
import { decodeDeviceInfo, encodeDeviceInfo } from '../../packages/krb5/src/pac/buffers/device-info.js'
import { decodeLogonInfo, encodeLogonInfo } from '../../packages/krb5/src/pac/buffers/logon-info.js'
import { NdrReader } from '../../packages/krb5/src/pac/encoding/ndr-reader.js'
import { NdrWriter } from '../../packages/krb5/src/pac/encoding/ndr-writer.js'
import { decodeUpnDnsInfo, encodeUpnDnsInfo } from '../../packages/krb5/src/pac/buffers/upn-dns-info.js'
import { plain } from '../vectors/asn1-oracle.js'
import { credentialCache, keytabEntries } from './inputs/arbitraries-files.js'
import { claims, delegationInfo, deviceInfo, logonInfo, sid, u32, upnDnsInfo, utf16 } from './inputs/arbitraries-pac.js'

/** Whatever is encoded is decoded to what it was, and has one encoding. */
function comesBack<T>(
  value: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): void {
  fc.assert(
    fc.property(value, (original) => {
      const bytes = encode(original)
      const decoded = decode(bytes)
      expect(plain(decoded)).toEqual(plain(original))
      expect(encode(decoded)).toEqual(bytes)
    }),
    { numRuns: 300 },
  )
}

describe('what is encoded is decoded to what it was:', () => {
  test('a keytab', () => {
    comesBack(
      keytabEntries,
      (entries) => new Keytab(entries).encode(),
      (bytes) => Keytab.decode(bytes).entries,
    )
  })

  test('a credential cache', () => {
    comesBack(credentialCache, encodeCcache, (bytes) => {
      const { leftOut, ...cache } = decodeCcache(bytes)
      expect(leftOut).toEqual([])
      return cache
    })
  })

  test('LOGON_INFO', () => comesBack(logonInfo, encodeLogonInfo, decodeLogonInfo))
  test('DELEGATION_INFO', () => comesBack(delegationInfo, encodeDelegationInfo, decodeDelegationInfo))
  test('DEVICE_INFO', () => comesBack(deviceInfo, encodeDeviceInfo, decodeDeviceInfo))
  test('claims', () => comesBack(claims, encodeClaims, decodeClaims))
  test('UPN_DNS_INFO', () => comesBack(upnDnsInfo, encodeUpnDnsInfo, decodeUpnDnsInfo))

  test('CLIENT_INFO', () => {
    const clientId = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    comesBack(fc.record({ clientId, name: utf16 }), encodeClientInfo, decodeClientInfo)
  })

  test('a SID, in octets and as text', () => {
    comesBack(sid, encodeSid, decodeSid)
    fc.assert(
      fc.property(sid, (text) => {
        expect(formatSid(parseSid(text))).toBe(text)
      }),
    )
  })

  test('the buffers of a PAC', () => {
    const buffer = fc.record({ type: u32, data: fc.uint8Array({ maxLength: 40 }) })
    const buffers = fc.uniqueArray(buffer, { selector: ({ type }) => type, maxLength: 64 })
    comesBack(buffers, encodeContainer, (bytes) => decodeContainer(bytes).map(({ type, data }) => ({ type, data })))
  })

  test('the strings of NDR, with and without room for a terminator', () => {
    comesBack(
      fc.record({
        counted: utf16,
        spare: fc.constantFrom<number[]>(0, 2),
        terminated: utf16.map((t) => t.replaceAll('\0', 'x')),
      }),
      ({ counted, spare, terminated }) =>
        NdrWriter.encode((ndr) => {
          ndr.u32(spare).unicodeStringHeader(counted, spare).unicodeString(counted, spare).terminatedString(terminated)
        }),
      (bytes) =>
        NdrReader.decode(bytes, 'text', (ndr) => {
          const spare = ndr.u32('spare')
          const counted = ndr.unicodeString(ndr.unicodeStringHeader('counted'), 'counted')
          return { counted, spare, terminated: ndr.terminatedString('terminated') }
        }),
    )
  })
})

describe('what would be decoded as something else is not encoded:', () => {
  const long = 'x'.repeat(0x8000)
  const encodeText = (text: string, spare = 0): Uint8Array =>
    NdrWriter.encode((ndr) => ndr.unicodeStringHeader(text, spare).unicodeString(text, spare))
  const upn = { upn: 'a@b', dnsDomainName: 'B', flags: 0, extended: undefined }

  test.each<[string, () => unknown]>([
    ['a name in LOGON_INFO', () => fc.sample(logonInfo, 1).map((info) => encodeLogonInfo({ ...info, fullName: long }))],
    ['a string of NDR', () => encodeText(long)],
    ['a string of NDR with its terminator', () => encodeText('x'.repeat(0x7fff), 2)],
    ['a zero within a string that ends with one', () => NdrWriter.encode((ndr) => ndr.terminatedString('a\0b'))],
    ['the name in CLIENT_INFO', () => encodeClientInfo({ clientId: 0n, name: long })],
    ['a name in UPN_DNS_INFO', () => encodeUpnDnsInfo({ ...upn, upn: long })],
    ['an offset in UPN_DNS_INFO', () => encodeUpnDnsInfo({ ...upn, upn: 'x'.repeat(0x7ff8), dnsDomainName: 'y' })],
    ['flags of a ticket in a cache', () => encodeWithFlags(new Uint8Array(3))],
  ])('%s', (_what, encode) => {
    expect(encode).toThrow(ConfigurationError)
  })

  test('what just fits is', () => {
    expect(encodeText('x'.repeat(0x7fff))).toBeInstanceOf(Uint8Array)
    expect(encodeText('x'.repeat(0x7ffe), 2)).toBeInstanceOf(Uint8Array)
    expect(decodeClientInfo(encodeClientInfo({ clientId: 0n, name: 'x'.repeat(0x7fff) })).name).toHaveLength(0x7fff)
    expect(encodeWithFlags(new Uint8Array(8))).toEqual(encodeWithFlags(new Uint8Array(4)))
  })
})

function encodeWithFlags(flags: Uint8Array): Uint8Array {
  const [cache] = fc.sample(
    credentialCache.filter(({ credentials }) => credentials.length > 0),
    { numRuns: 1, seed: 1 },
  )
  return encodeCcache({ ...cache, credentials: [{ ...cache.credentials[0], flags }] })
}
