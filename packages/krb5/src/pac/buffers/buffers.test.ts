import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../../errors/errors.js'
import { decodeAttributesInfo, encodeAttributesInfo } from './attributes-info.js'
import { decodeClientInfo } from './client-info.js'
import { decodeCredentialInfo } from './credential-info.js'
import { decodeDelegationInfo, encodeDelegationInfo } from './delegation-info.js'
import { decodeDeviceInfo, encodeDeviceInfo } from './device-info.js'
import type { GroupMembership } from './group-membership.js'
import { decodeLogonInfo } from './logon-info.js'
import { decodePacSignature } from '../signature.js'
import { decodeUpnDnsInfo, encodeUpnDnsInfo } from './upn-dns-info.js'

interface BufferVector {
  name: string
  type: number
  data: string
  /** null for a buffer that must be refused. */
  expected: Record<string, unknown> | null
}

const file = new URL('../../../../../test/vectors/pac/buffers.json', import.meta.url)
const { vectors }: { vectors: BufferVector[] } = JSON.parse(readFileSync(file, 'utf8'))
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const at = (path: string) => expect.objectContaining({ name: 'MalformedTokenError', path })

/** A copy with one 32-bit number changed. */
function patched(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = bytes.slice()
  new DataView(copy.buffer).setUint32(offset, value, true)
  return copy
}

describe('S4U_DELEGATION_INFO', () => {
  const delegations = vectors.filter(({ type, expected }) => type === 11 && expected !== null)
  const twoHops = hex(delegations.find(({ name }) => name === 'delegation-two-hops')!.data)

  test.each(delegations)('of the vector $name is decoded and encoded', ({ data, expected }) => {
    const info = decodeDelegationInfo(hex(data))
    expect(info).toEqual(expected)
    expect(decodeDelegationInfo(encodeDelegationInfo(info))).toEqual(info)
  })

  test.each(delegations.filter(({ name }) => name.startsWith('mit')))(
    'of the vector $name is encoded as it came',
    (vector) => {
      const info = decodeDelegationInfo(hex(vector.data))
      expect(Buffer.from(encodeDelegationInfo(info)).toString('hex')).toBe(vector.data)
    },
  )

  test.each(vectors.filter(({ expected }) => expected === null))(
    'that a fuzzer found ($name) is refused',
    ({ data }) => {
      expect(() => decodeDelegationInfo(hex(data))).toThrow(MalformedTokenError)
    },
  )

  test.each<[string, string, Uint8Array]>([
    ['another version of the serialization', 'header', patched(twoHops, 0, 0xcc081002)],
    ['big-endian numbers', 'header', patched(twoHops, 0, 0x00080001)],
    ['an object longer than its buffer', 'header.ObjectBufferLength', patched(twoHops, 8, twoHops.length)],
    ['an object shorter than its buffer', 'header.ObjectBufferLength', patched(twoHops, 8, 8)],
    ['a null pointer instead of the structure', 'pointer', patched(twoHops, 16, 0)],
    ['an odd length', 'S4U2proxyTarget', patched(twoHops, 20, 0x00500003)],
    ['a length above the maximum', 'S4U2proxyTarget', patched(twoHops, 20, 0x00020004)],
    ['characters behind a null pointer', 'S4U2proxyTarget', patched(twoHops, 24, 0)],
    ['more services than follow', 'S4UTransitedServices', patched(twoHops, 28, 3)],
    ['services behind a null pointer', 'S4UTransitedServices', patched(twoHops, 32, 0)],
    ['a string that does not begin at 0', 'S4U2proxyTarget', patched(twoHops, 40, 1)],
    ['a string longer than its array', 'S4U2proxyTarget', patched(twoHops, 36, 1)],
    ['a string of another length than its header', 'S4U2proxyTarget', patched(twoHops, 44, 2)],
  ])('with %s is refused', (_what, field, bytes) => {
    expect(() => decodeDelegationInfo(bytes)).toThrow(at(`PAC.DELEGATION_INFO.${field}`))
  })

  test('does not allocate for a count that cannot be', () => {
    const offset = Buffer.from(twoHops).indexOf(Buffer.from('0200000022002200', 'hex'))
    const claimed = patched(patched(twoHops, 28, 0x4000_0000), offset, 0x4000_0000)
    expect(() => decodeDelegationInfo(claimed)).toThrow(/S4UTransitedServices\[\d+\]: expected 1073741824 elements/)
  })

  test('with structures behind it is refused', () => {
    const longer = new Uint8Array(twoHops.length + 8)
    longer.set(twoHops)
    const bytes = patched(longer, 8, longer.length - 16)
    expect(() => decodeDelegationInfo(bytes)).toThrow(at('PAC.DELEGATION_INFO'))
  })
})

describe('KERB_VALIDATION_INFO', () => {
  test.each(vectors.filter(({ type }) => type === 1))('of the vector $name is decoded', ({ data, expected }) => {
    const info = decodeLogonInfo(hex(data))
    const { resourceGroupDomainSid, extraSids, groupIds, resourceGroups: _none, ...rest } = expected!
    expect(info.resourceGroupDomainSid ?? null).toBe(resourceGroupDomainSid)
    expect(info.extraSids.map(({ sid, attributes }) => [sid, attributes])).toEqual(extraSids)
    expect(info.groupIds.map(({ relativeId, attributes }) => [relativeId, attributes])).toEqual(groupIds)
    const asText = (value: object) =>
      Object.fromEntries(Object.entries(value).map(([name, part]) => [name, String(part)]))
    expect(asText(info)).toMatchObject(asText(rest))
  })
})

describe('PAC_DEVICE_INFO', () => {
  test.each(vectors.filter(({ type }) => type === 14))('of the vector $name is decoded and encoded', (vector) => {
    const info = decodeDeviceInfo(hex(vector.data))
    const pairs = (groups: readonly GroupMembership[]) =>
      groups.map(({ relativeId, attributes }) => [relativeId, attributes])
    expect({
      ...info,
      accountGroupIds: pairs(info.accountGroupIds),
      extraSids: info.extraSids.map(({ sid, attributes }) => [sid, attributes]),
      domainGroups: info.domainGroups.map(({ domainId, groupIds }) => ({ domainId, groupIds: pairs(groupIds) })),
    }).toEqual(vector.expected)
    expect(Buffer.from(encodeDeviceInfo(info)).toString('hex')).toBe(vector.data)
  })

  const bytes = encodeDeviceInfo({
    userId: 1,
    primaryGroupId: 2,
    accountDomainId: 'S-1-5-21-1-2-3',
    accountGroupIds: [],
    extraSids: [],
    domainGroups: [{ domainId: 'S-1-5-32', groupIds: [{ relativeId: 544, attributes: 7 }] }],
  })

  test.each<[string, string, Uint8Array]>([
    [
      'without a domain',
      'AccountDomainId: expected a security identifier, found a null pointer',
      patched(bytes, 28, 0),
    ],
    [
      'whose domain claims more sub-authorities',
      'AccountDomainId: expected 5 sub-authorities, found 4',
      patched(bytes, 56, 5),
    ],
    [
      'with a group without a domain',
      'DomainGroup[0].DomainId: expected a security identifier, found a null pointer',
      patched(bytes, 88, 0),
    ],
    [
      'with a group list behind a null pointer',
      'DomainGroup[0].GroupIds: expected 1 elements, found a null pointer',
      patched(bytes, 96, 0),
    ],
  ])('%s is refused', (_what, field, spoilt) => {
    expect(() => decodeDeviceInfo(bytes)).not.toThrow()
    expect(() => decodeDeviceInfo(spoilt)).toThrow(`PAC.DEVICE_INFO.${field}`)
  })
})

describe('UPN_DNS_INFO', () => {
  const extended = { samAccountName: 'a', sid: 'S-1-5-32-544' }
  const bytes = encodeUpnDnsInfo({ upn: 'a@b', dnsDomainName: 'B', flags: 0, extended })

  test('sets the flag of its extension, and clears it', () => {
    expect(decodeUpnDnsInfo(bytes)).toEqual({ upn: 'a@b', dnsDomainName: 'B', flags: 2, extended })
    const without = encodeUpnDnsInfo({ upn: 'a@b', dnsDomainName: 'B', flags: 3, extended: undefined })
    expect(decodeUpnDnsInfo(without)).toEqual({ upn: 'a@b', dnsDomainName: 'B', flags: 1, extended: undefined })
  })

  test('does not look for an extension that is not announced', () => {
    const silent = patched(bytes, 8, 0)
    expect(decodeUpnDnsInfo(silent).extended).toBeUndefined()
  })

  test.each<[string, string, Uint8Array]>([
    ['a name in its own head', 'UpnOffset', patched(bytes, 0, 0x00130006)],
    ['an odd length', 'Upn', patched(bytes, 0, 0x00180005)],
    ['an offset behind the end', 'DnsDomainNameOffset', patched(bytes, 4, 0xfff80002)],
    ['a name over the end', 'SamName', patched(bytes, 12, 0x00280100)],
    ['a SID over the end', 'Sid', patched(bytes, 16, 0x00300100)],
    ['a SID shorter than its length', 'Sid', patched(bytes, 16, 0x00300011)],
  ])('with %s is refused', (_what, field, spoilt) => {
    expect(() => decodeUpnDnsInfo(spoilt)).toThrow(at(`PAC.UPN_DNS_INFO.${field}`))
  })
})

describe('the small buffers', () => {
  test('CLIENT_INFO ends with its name', () => {
    expect(() => decodeClientInfo(hex('00000000000000000200610000'))).toThrow(at('PAC.CLIENT_INFO'))
    expect(() => decodeClientInfo(hex('000000000000000004006100'))).toThrow(at('PAC.CLIENT_INFO.Name'))
    expect(() => decodeClientInfo(hex('000000000000000001006100'))).toThrow(at('PAC.CLIENT_INFO.Name'))
  })

  test('ATTRIBUTES_INFO counts bits', () => {
    expect(decodeAttributesInfo(hex('0200000001000000'))).toEqual({ flagsLength: 2, flags: 1 })
    expect(decodeAttributesInfo(encodeAttributesInfo({ flagsLength: 40, flags: 3 }))).toEqual({
      flagsLength: 40,
      flags: 3,
    })
    expect(decodeAttributesInfo(encodeAttributesInfo({ flagsLength: 0, flags: 0 }))).toEqual({
      flagsLength: 0,
      flags: 0,
    })
    expect(() => decodeAttributesInfo(hex('2100000001000000'))).toThrow(at('PAC.ATTRIBUTES_INFO.Flags[1]'))
    expect(() => decodeAttributesInfo(hex('ffffffff01000000'))).toThrow(MalformedTokenError)
  })

  test('signatures have the length of their type, and perhaps RODCIdentifier', () => {
    expect(decodePacSignature(hex(`10000000${'00'.repeat(12)}0201`)).rodcIdentifier).toBe(0x0102)
    expect(() => decodePacSignature(hex(`10000000${'00'.repeat(11)}`))).toThrow(at('PAC.SERVER_CHECKSUM.Signature'))
    expect(() => decodePacSignature(hex(`10000000${'00'.repeat(13)}`))).toThrow(at('PAC.SERVER_CHECKSUM'))
    expect(() => decodePacSignature(hex(`10000000${'00'.repeat(15)}`))).toThrow(at('PAC.SERVER_CHECKSUM'))
  })

  test('CREDENTIAL_INFO of another version is refused', () => {
    expect(() => decodeCredentialInfo(hex('0100000012000000'))).toThrow(at('PAC.CREDENTIAL_INFO.Version'))
  })
})
