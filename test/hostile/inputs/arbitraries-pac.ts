import type {
  Claim,
  ClaimsArray,
  DelegationInfo,
  DeviceInfo,
  GroupMembership,
  LogonInfo,
  SidAndAttributes,
  UpnDnsInfo,
} from '@s4u/krb5'
import { formatSid, UpnDnsFlag } from '@s4u/krb5'
import * as fc from 'fast-check'

/** What the encoders of PACs take, whatever it is. */

export const u16 = fc.integer({ min: 0, max: 0xffff })
export const u32 = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(0, 0x8000_0000, 0xffff_ffff))
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })

/** Any sequence of UTF-16 units: names in a directory are nothing better. */
export const utf16 = fc.array(u16, { maxLength: 20 }).map((units) => String.fromCharCode(...units))
const utf16WithoutZero = utf16.map((text) => text.replaceAll('\0', 'x'))

export const sid = fc
  .record({
    identifierAuthority: fc.oneof(fc.nat(30), fc.integer({ min: 0, max: 0xffff_ffff_ffff })),
    subAuthorities: fc.array(u32, { maxLength: 15 }),
  })
  .map(formatSid)

const groups: fc.Arbitrary<readonly GroupMembership[]> = fc.array(fc.record({ relativeId: u32, attributes: u32 }), {
  maxLength: 5,
})
const sids: fc.Arbitrary<readonly SidAndAttributes[]> = fc.array(fc.record({ sid, attributes: u32 }), { maxLength: 5 })

export const logonInfo: fc.Arbitrary<LogonInfo> = fc.record({
  logonTime: u64,
  logoffTime: u64,
  kickOffTime: u64,
  passwordLastSet: u64,
  passwordCanChange: u64,
  passwordMustChange: u64,
  effectiveName: utf16,
  fullName: utf16,
  logonScript: utf16,
  profilePath: utf16,
  homeDirectory: utf16,
  homeDirectoryDrive: utf16,
  logonCount: u16,
  badPasswordCount: u16,
  userId: u32,
  primaryGroupId: u32,
  groupIds: groups,
  userFlags: u32,
  logonServer: utf16,
  logonDomainName: utf16,
  logonDomainId: sid,
  userAccountControl: u32,
  subAuthStatus: u32,
  lastSuccessfulInteractiveLogon: u64,
  lastFailedInteractiveLogon: u64,
  failedInteractiveLogonCount: u32,
  extraSids: sids,
  resourceGroupDomainSid: fc.option(sid, { nil: undefined }),
  resourceGroups: groups,
})

export const delegationInfo: fc.Arbitrary<DelegationInfo> = fc.record({
  s4u2proxyTarget: utf16,
  transitedServices: fc.array(utf16, { maxLength: 5 }),
})

export const deviceInfo: fc.Arbitrary<DeviceInfo> = fc.record({
  userId: u32,
  primaryGroupId: u32,
  accountDomainId: sid,
  accountGroupIds: groups,
  extraSids: sids,
  domainGroups: fc.array(fc.record({ domainId: sid, groupIds: groups }), { maxLength: 3 }),
})

/** The flag of the extension says whether there is one. */
export const upnDnsInfo: fc.Arbitrary<UpnDnsInfo> = fc
  .record({
    upn: utf16,
    dnsDomainName: utf16,
    flags: u32,
    extended: fc.option(fc.record({ samAccountName: utf16, sid }), { nil: undefined }),
  })
  .map((info) => {
    const others = (info.flags & ~UpnDnsFlag.EXTENDED) >>> 0
    return { ...info, flags: info.extended === undefined ? others : (others | UpnDnsFlag.EXTENDED) >>> 0 }
  })

const claim: fc.Arbitrary<Claim> = fc.oneof(
  fc.record({ id: utf16WithoutZero, type: fc.constant('int64' as const), values: valuesOf(fc.bigInt(signed64())) }),
  fc.record({ id: utf16WithoutZero, type: fc.constant('uint64' as const), values: valuesOf(u64) }),
  fc.record({ id: utf16WithoutZero, type: fc.constant('boolean' as const), values: valuesOf(fc.boolean()) }),
  fc.record({ id: utf16WithoutZero, type: fc.constant('string' as const), values: valuesOf(utf16WithoutZero) }),
)

export const claims: fc.Arbitrary<readonly ClaimsArray[]> = fc.array(
  fc.record({ source: u16, claims: fc.array(claim, { maxLength: 4 }) }),
  { maxLength: 3 },
)

function valuesOf<T>(value: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> {
  return fc.array(value, { maxLength: 4 })
}

function signed64(): { min: bigint; max: bigint } {
  return { min: -(2n ** 63n), max: 2n ** 63n - 1n }
}
