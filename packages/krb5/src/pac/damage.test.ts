import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../errors/errors.js'
import { decodeAttributesInfo, encodeAttributesInfo } from './buffers/attributes-info.js'
import { type ClaimsArray, decodeClaims, encodeClaims } from './buffers/claims.js'
import { decodeClientInfo, encodeClientInfo } from './buffers/client-info.js'
import { decodeDelegationInfo, encodeDelegationInfo } from './buffers/delegation-info.js'
import { decodeDeviceInfo, encodeDeviceInfo } from './buffers/device-info.js'
import { decodeLogonInfo, encodeLogonInfo, type LogonInfo } from './buffers/logon-info.js'
import { decodeSid, encodeSid } from './encoding/sid.js'
import { NdrWriter } from './encoding/ndr-writer.js'
import { decodeUpnDnsInfo, encodeUpnDnsInfo } from './buffers/upn-dns-info.js'

const DOMAIN = 'S-1-5-21-1-2-3'

const logonInfo: LogonInfo = {
  logonTime: 1n,
  logoffTime: 2n,
  kickOffTime: 3n,
  passwordLastSet: 4n,
  passwordCanChange: 5n,
  passwordMustChange: 6n,
  effectiveName: 'alice',
  fullName: 'Alice',
  logonScript: 'run',
  profilePath: 'prof',
  homeDirectory: 'home',
  homeDirectoryDrive: 'H:',
  logonCount: 7,
  badPasswordCount: 8,
  userId: 1105,
  primaryGroupId: 513,
  groupIds: [{ relativeId: 513, attributes: 7 }],
  userFlags: 0x220,
  logonServer: 'DC1',
  logonDomainName: 'AD',
  logonDomainId: DOMAIN,
  userAccountControl: 16,
  subAuthStatus: 0,
  lastSuccessfulInteractiveLogon: 9n,
  lastFailedInteractiveLogon: 10n,
  failedInteractiveLogonCount: 11,
  extraSids: [{ sid: 'S-1-18-1', attributes: 7 }],
  resourceGroupDomainSid: DOMAIN,
  resourceGroups: [{ relativeId: 1600, attributes: 7 }],
}

const device = {
  userId: 1,
  primaryGroupId: 2,
  accountDomainId: DOMAIN,
  accountGroupIds: [{ relativeId: 515, attributes: 7 }],
  extraSids: [{ sid: 'S-1-18-1', attributes: 7 }],
  domainGroups: [{ domainId: 'S-1-5-32', groupIds: [{ relativeId: 544, attributes: 7 }] }],
}

const claims: ClaimsArray[] = [
  {
    source: 1,
    claims: [
      { id: 'a', type: 'string', values: ['x', 'y'] },
      { id: 'b', type: 'int64', values: [-1n] },
      { id: 'c', type: 'uint64', values: [1n] },
      { id: 'd', type: 'boolean', values: [true] },
    ],
  },
]

/**
 * Returns the serialized structure with only so many octets of its contents. Its length field says
 * so too.
 */
function cutInside(bytes: Uint8Array, length: number): Uint8Array {
  const cut = bytes.slice(0, HEADERS + length)
  new DataView(cut.buffer).setUint32(8, length, true)
  return cut
}

const HEADERS = 16

function pathsOf(
  whole: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  cut: (length: number) => Uint8Array,
  end: number,
): string[] {
  const paths: string[] = []
  for (let length = 0; length < end; length++) {
    try {
      // Less than the padding is missing, so nothing is lost.
      expect(decode(cut(length))).toEqual(decode(whole))
    } catch (error) {
      if (!(error instanceof MalformedTokenError)) throw error
      if (paths.at(-1) !== error.path) paths.push(error.path)
    }
  }
  return paths
}

const plain = (path: string, whole: Uint8Array, decode: (bytes: Uint8Array) => unknown): string[] =>
  pathsOf(whole, decode, (length) => whole.slice(0, length), whole.length).map((found) => found.replace(path, ''))

const serialized = (path: string, whole: Uint8Array, decode: (bytes: Uint8Array) => unknown): string[] =>
  pathsOf(whole, decode, (length) => cutInside(whole, length), whole.length - HEADERS).map((found) =>
    found.replace(path, ''),
  )

describe('a buffer that ends early tells the field in which it ends, in the words of MS-PAC:', () => {
  test('the headers of a serialized structure', () => {
    const whole = encodeDelegationInfo({ s4u2proxyTarget: 'a', transitedServices: [] })
    expect(plain('PAC.DELEGATION_INFO.', whole.slice(), decodeDelegationInfo)).toEqual([
      'header',
      'header.ObjectBufferLength',
    ])
  })

  test('CLIENT_INFO', () => {
    const whole = encodeClientInfo({ clientId: 1n, name: 'alice' })
    expect(plain('PAC.CLIENT_INFO.', whole, decodeClientInfo)).toEqual(['ClientId', 'NameLength', 'Name'])
  })

  test('ATTRIBUTES_INFO', () => {
    const whole = encodeAttributesInfo({ flagsLength: 34, flags: 1 })
    expect(plain('PAC.ATTRIBUTES_INFO.', whole, decodeAttributesInfo)).toEqual(['FlagsLength', 'Flags[0]', 'Flags[1]'])
  })

  test('a SID', () => {
    expect(plain('', encodeSid(DOMAIN), (bytes) => decodeSid(bytes, 'PAC.REQUESTOR'))).toEqual(['PAC.REQUESTOR'])
  })

  test('UPN_DNS_INFO', () => {
    const extended = { samAccountName: 'a', sid: DOMAIN }
    const whole = encodeUpnDnsInfo({ upn: 'a@b', dnsDomainName: 'B', flags: 2, extended })
    expect(plain('PAC.UPN_DNS_INFO.', whole, decodeUpnDnsInfo)).toEqual([
      'UpnLength',
      'UpnOffset',
      'DnsDomainNameLength',
      'DnsDomainNameOffset',
      'Flags',
      'SamNameLength',
      'SamNameOffset',
      'SidLength',
      'SidOffset',
      'SamNameOffset',
      'SamName',
      'SidOffset',
      'Sid',
    ])
  })

  test('LOGON_INFO', () => {
    expect(serialized('PAC.LOGON_INFO.', encodeLogonInfo(logonInfo), decodeLogonInfo)).toEqual([
      'pointer',
      'LogonTime',
      'LogoffTime',
      'KickOffTime',
      'PasswordLastSet',
      'PasswordCanChange',
      'PasswordMustChange',
      'EffectiveName',
      'FullName',
      'LogonScript',
      'ProfilePath',
      'HomeDirectory',
      'HomeDirectoryDrive',
      'LogonCount',
      'BadPasswordCount',
      'UserId',
      'PrimaryGroupId',
      'GroupIds',
      'UserFlags',
      'UserSessionKey',
      'LogonServer',
      'LogonDomainName',
      'LogonDomainId',
      'Reserved1',
      'UserAccountControl',
      'SubAuthStatus',
      'LastSuccessfulILogon',
      'LastFailedILogon',
      'FailedILogonCount',
      'Reserved3',
      'ExtraSids',
      'ResourceGroupDomainSid',
      'ResourceGroupIds',
      'EffectiveName',
      'FullName',
      'LogonScript',
      'ProfilePath',
      'HomeDirectory',
      'HomeDirectoryDrive',
      'GroupIds',
      'GroupIds[0]',
      'LogonServer',
      'LogonDomainName',
      'LogonDomainId',
      'ExtraSids',
      'ExtraSids[0]',
      'ExtraSids[0].Sid',
      'ResourceGroupDomainSid',
      'ResourceGroupIds',
      'ResourceGroupIds[0]',
    ])
  })

  test('DEVICE_INFO', () => {
    expect(serialized('PAC.DEVICE_INFO.', encodeDeviceInfo(device), decodeDeviceInfo)).toEqual([
      'pointer',
      'UserId',
      'PrimaryGroupId',
      'AccountDomainId',
      'AccountGroupIds',
      'ExtraSids',
      'DomainGroup',
      'AccountDomainId',
      'AccountGroupIds',
      'AccountGroupIds[0]',
      'ExtraSids',
      'ExtraSids[0]',
      'ExtraSids[0].Sid',
      'DomainGroup',
      'DomainGroup[0]',
      'DomainGroup[0].DomainId',
      'DomainGroup[0].GroupIds',
      'DomainGroup[0].GroupIds[0]',
    ])
  })

  test('DELEGATION_INFO', () => {
    const whole = encodeDelegationInfo({ s4u2proxyTarget: 'target', transitedServices: ['a', 'b'] })
    expect(serialized('PAC.DELEGATION_INFO.', whole, decodeDelegationInfo)).toEqual([
      'pointer',
      'S4U2proxyTarget',
      'S4UTransitedServices',
      'S4U2proxyTarget',
      'S4UTransitedServices',
      'S4UTransitedServices[0]',
      'S4UTransitedServices[1]',
      'S4UTransitedServices[0]',
      'S4UTransitedServices[1]',
    ])
  })

  test('the metadata of claims', () => {
    const whole = encodeClaims(claims)
    const paths = pathsOf(whole, decodeClaims, (length) => cutInside(whole, length), 40)
    expect([...new Set(paths.map((path) => path.replace(/\[\d+\]$/, '[n]')))]).toEqual([
      'PAC.CLIENT_CLAIMS.pointer',
      'PAC.CLIENT_CLAIMS.ClaimsSet',
      'PAC.CLIENT_CLAIMS.usCompressionFormat',
      'PAC.CLIENT_CLAIMS.ulUncompressedClaimsSetSize',
      'PAC.CLIENT_CLAIMS.usReservedType',
      'PAC.CLIENT_CLAIMS.ReservedField',
      'PAC.CLIENT_CLAIMS.ClaimsSet[n]',
    ])
  })

  test('the set of claims within', () => {
    const whole = encodeClaims(claims)
    const set = whole.slice(HEADERS + 36, HEADERS + 36 + new DataView(whole.buffer).getUint32(HEADERS + 4, true))
    expect(decodeClaims(metadata(set))).toEqual(claims)
    const paths = pathsOf(
      metadata(set),
      decodeClaims,
      (length) => metadata(cutInside(set, length)),
      set.length - HEADERS,
    )
    expect(paths.map((path) => path.replace('PAC.CLIENT_CLAIMS.ClaimsSet.', ''))).toEqual([
      'pointer',
      'ClaimsArrays',
      'usReservedType',
      'ReservedField',
      'ClaimsArrays',
      'ClaimsArrays[0]',
      'ClaimsArrays[0].ClaimEntries',
      'ClaimsArrays[0].ClaimEntries[0]',
      'ClaimsArrays[0].ClaimEntries[1]',
      'ClaimsArrays[0].ClaimEntries[2]',
      'ClaimsArrays[0].ClaimEntries[3]',
      'ClaimsArrays[0].ClaimEntries[0].Id',
      'ClaimsArrays[0].ClaimEntries[0].Values',
      'ClaimsArrays[0].ClaimEntries[0].Values[0]',
      'ClaimsArrays[0].ClaimEntries[0].Values[1]',
      'ClaimsArrays[0].ClaimEntries[0].Values[0]',
      'ClaimsArrays[0].ClaimEntries[0].Values[1]',
      'ClaimsArrays[0].ClaimEntries[1].Id',
      'ClaimsArrays[0].ClaimEntries[1].Values',
      'ClaimsArrays[0].ClaimEntries[1].Values[0]',
      'ClaimsArrays[0].ClaimEntries[1].Values',
      'ClaimsArrays[0].ClaimEntries[2].Id',
      'ClaimsArrays[0].ClaimEntries[2].Values',
      'ClaimsArrays[0].ClaimEntries[2].Values[0]',
      'ClaimsArrays[0].ClaimEntries[2].Values',
      'ClaimsArrays[0].ClaimEntries[3].Id',
      'ClaimsArrays[0].ClaimEntries[3].Values',
      'ClaimsArrays[0].ClaimEntries[3].Values[0]',
      'ClaimsArrays[0].ClaimEntries[3].Values',
    ])
  })
})

/** CLAIMS_SET_METADATA around a set that is not compressed. */
function metadata(set: Uint8Array): Uint8Array {
  return NdrWriter.encode((ndr) => {
    ndr.u32(set.length).pointer(true).u16(0).u32(set.length).u16(0).u32(0).pointer(false)
    ndr.u32(set.length).bytes(set)
  })
}
