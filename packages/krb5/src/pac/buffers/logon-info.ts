import type { Filetime } from '../encoding/filetime.js'
import type { GroupMembership, SidAndAttributes } from './group-membership.js'
import {
  readGroupMemberships,
  readSidsAndAttributes,
  writeGroupMemberships,
  writeSidsAndAttributes,
} from './group-membership.js'
import type { CountedPointer, UnicodeStringHeader } from '../encoding/ndr-reader.js'
import { NdrReader } from '../encoding/ndr-reader.js'
import { NdrWriter } from '../encoding/ndr-writer.js'

/**
 * KERB_VALIDATION_INFO: who the user is for the domain. MS-PAC section 2.5.
 *
 * Not kept: UserSessionKey, which is zero with Kerberos and a secret without, and the reserved fields.
 */
export interface LogonInfo {
  readonly logonTime: Filetime
  readonly logoffTime: Filetime
  readonly kickOffTime: Filetime
  readonly passwordLastSet: Filetime
  readonly passwordCanChange: Filetime
  readonly passwordMustChange: Filetime
  /** sAMAccountName. */
  readonly effectiveName: string
  readonly fullName: string
  readonly logonScript: string
  readonly profilePath: string
  readonly homeDirectory: string
  readonly homeDirectoryDrive: string
  readonly logonCount: number
  readonly badPasswordCount: number
  /** The relative identifier of the user in `logonDomainId`; 0 if the first of `extraSids` is the user. */
  readonly userId: number
  readonly primaryGroupId: number
  /** Groups of `logonDomainId`. */
  readonly groupIds: readonly GroupMembership[]
  /** See `UserFlag`. */
  readonly userFlags: number
  readonly logonServer: string
  readonly logonDomainName: string
  /** The SID of the account's domain. */
  readonly logonDomainId: string
  readonly userAccountControl: number
  readonly subAuthStatus: number
  readonly lastSuccessfulInteractiveLogon: Filetime
  readonly lastFailedInteractiveLogon: Filetime
  readonly failedInteractiveLogonCount: number
  /** Only valid with `UserFlag.EXTRA_SIDS`. */
  readonly extraSids: readonly SidAndAttributes[]
  /** The SID of the service's domain, to which `resourceGroups` belong. */
  readonly resourceGroupDomainSid: string | undefined
  /** Only valid with `UserFlag.RESOURCE_GROUPS`. */
  readonly resourceGroups: readonly GroupMembership[]
}

/** Bits of `userFlags` that decide which groups count. MS-PAC section 2.5. */
export const UserFlag = { EXTRA_SIDS: 0x20, RESOURCE_GROUPS: 0x200 } as const

/** @throws MalformedTokenError */
export function decodeLogonInfo(bytes: Uint8Array, path = 'PAC.LOGON_INFO'): LogonInfo {
  return NdrReader.decode(bytes, path, (ndr) => readDeferred(ndr, readFixed(ndr)))
}

/** As Windows does it, octet for octet but for the values of referent identifiers when there are resource groups. */
export function encodeLogonInfo(info: LogonInfo): Uint8Array {
  return NdrWriter.encode((ndr) => {
    writeFixed(ndr, info)
    writeDeferred(ndr, info)
  })
}

/** Everything up to the first deferred field, in the order of MS-PAC section 2.5. */
function readFixed(ndr: NdrReader) {
  return {
    logonTime: ndr.filetime('LogonTime'),
    logoffTime: ndr.filetime('LogoffTime'),
    kickOffTime: ndr.filetime('KickOffTime'),
    passwordLastSet: ndr.filetime('PasswordLastSet'),
    passwordCanChange: ndr.filetime('PasswordCanChange'),
    passwordMustChange: ndr.filetime('PasswordMustChange'),
    effectiveName: ndr.unicodeStringHeader('EffectiveName'),
    fullName: ndr.unicodeStringHeader('FullName'),
    logonScript: ndr.unicodeStringHeader('LogonScript'),
    profilePath: ndr.unicodeStringHeader('ProfilePath'),
    homeDirectory: ndr.unicodeStringHeader('HomeDirectory'),
    homeDirectoryDrive: ndr.unicodeStringHeader('HomeDirectoryDrive'),
    logonCount: ndr.u16('LogonCount'),
    badPasswordCount: ndr.u16('BadPasswordCount'),
    userId: ndr.u32('UserId'),
    primaryGroupId: ndr.u32('PrimaryGroupId'),
    groupIds: ndr.countedPointer('GroupIds'),
    userFlags: ndr.u32('UserFlags'),
    userSessionKey: ndr.bytes(16, 'UserSessionKey'),
    logonServer: ndr.unicodeStringHeader('LogonServer'),
    logonDomainName: ndr.unicodeStringHeader('LogonDomainName'),
    logonDomainId: ndr.pointer('LogonDomainId'),
    reserved1: ndr.bytes(8, 'Reserved1'),
    userAccountControl: ndr.u32('UserAccountControl'),
    subAuthStatus: ndr.u32('SubAuthStatus'),
    lastSuccessfulInteractiveLogon: ndr.filetime('LastSuccessfulILogon'),
    lastFailedInteractiveLogon: ndr.filetime('LastFailedILogon'),
    failedInteractiveLogonCount: ndr.u32('FailedILogonCount'),
    reserved3: ndr.u32('Reserved3'),
    extraSids: ndr.countedPointer('ExtraSids'),
    resourceGroupDomainSid: ndr.pointer('ResourceGroupDomainSid'),
    resourceGroups: ndr.countedPointer('ResourceGroupIds'),
  }
}

/** Each field by name: V8 is slow at taking some out of an object with a rest pattern, and at literals that begin with a spread. */
function readDeferred(ndr: NdrReader, fixed: ReturnType<typeof readFixed>): LogonInfo {
  const text = (header: UnicodeStringHeader, field: string) => ndr.unicodeString(header, field)
  return {
    logonTime: fixed.logonTime,
    logoffTime: fixed.logoffTime,
    kickOffTime: fixed.kickOffTime,
    passwordLastSet: fixed.passwordLastSet,
    passwordCanChange: fixed.passwordCanChange,
    passwordMustChange: fixed.passwordMustChange,
    effectiveName: text(fixed.effectiveName, 'EffectiveName'),
    fullName: text(fixed.fullName, 'FullName'),
    logonScript: text(fixed.logonScript, 'LogonScript'),
    profilePath: text(fixed.profilePath, 'ProfilePath'),
    homeDirectory: text(fixed.homeDirectory, 'HomeDirectory'),
    homeDirectoryDrive: text(fixed.homeDirectoryDrive, 'HomeDirectoryDrive'),
    logonCount: fixed.logonCount,
    badPasswordCount: fixed.badPasswordCount,
    userId: fixed.userId,
    primaryGroupId: fixed.primaryGroupId,
    groupIds: readGroups(ndr, fixed.groupIds, 'GroupIds'),
    userFlags: fixed.userFlags,
    logonServer: text(fixed.logonServer, 'LogonServer'),
    logonDomainName: text(fixed.logonDomainName, 'LogonDomainName'),
    logonDomainId: readLogonDomainId(ndr, fixed.logonDomainId),
    userAccountControl: fixed.userAccountControl,
    subAuthStatus: fixed.subAuthStatus,
    lastSuccessfulInteractiveLogon: fixed.lastSuccessfulInteractiveLogon,
    lastFailedInteractiveLogon: fixed.lastFailedInteractiveLogon,
    failedInteractiveLogonCount: fixed.failedInteractiveLogonCount,
    extraSids: fixed.extraSids.present ? readSidsAndAttributes(ndr, fixed.extraSids.count, 'ExtraSids') : [],
    resourceGroupDomainSid: fixed.resourceGroupDomainSid ? ndr.sid('ResourceGroupDomainSid') : undefined,
    resourceGroups: readGroups(ndr, fixed.resourceGroups, 'ResourceGroupIds'),
  }
}

function readGroups(ndr: NdrReader, { present, count }: CountedPointer, field: string): GroupMembership[] {
  return present ? readGroupMemberships(ndr, count, field) : []
}

/** Without it no group of the domain has a name. */
function readLogonDomainId(ndr: NdrReader, present: boolean): string {
  return present ? ndr.sid('LogonDomainId') : ndr.fail('LogonDomainId', 'a security identifier', 'a null pointer')
}

function writeFixed(ndr: NdrWriter, info: LogonInfo): void {
  ndr.filetime(info.logonTime).filetime(info.logoffTime).filetime(info.kickOffTime)
  ndr.filetime(info.passwordLastSet).filetime(info.passwordCanChange).filetime(info.passwordMustChange)
  for (const text of userStrings(info)) ndr.unicodeStringHeader(text)
  ndr.u16(info.logonCount).u16(info.badPasswordCount)
  ndr.u32(info.userId).u32(info.primaryGroupId)
  ndr.countedPointer(info.groupIds)
  ndr.u32(info.userFlags).bytes(new Uint8Array(16))
  ndr.unicodeStringHeader(info.logonServer, TERMINATOR).unicodeStringHeader(info.logonDomainName, TERMINATOR)
  ndr.pointer(true).bytes(new Uint8Array(8))
  ndr.u32(info.userAccountControl).u32(info.subAuthStatus)
  ndr.filetime(info.lastSuccessfulInteractiveLogon).filetime(info.lastFailedInteractiveLogon)
  ndr.u32(info.failedInteractiveLogonCount).u32(0)
  ndr.countedPointer(info.extraSids)
  ndr.pointer(info.resourceGroupDomainSid !== undefined)
  ndr.countedPointer(info.resourceGroups)
}

function writeDeferred(ndr: NdrWriter, info: LogonInfo): void {
  for (const text of userStrings(info)) ndr.unicodeString(text)
  if (info.groupIds.length > 0) writeGroupMemberships(ndr, info.groupIds)
  ndr.unicodeString(info.logonServer, TERMINATOR).unicodeString(info.logonDomainName, TERMINATOR)
  ndr.sid(info.logonDomainId)
  if (info.extraSids.length > 0) writeSidsAndAttributes(ndr, info.extraSids)
  if (info.resourceGroupDomainSid !== undefined) ndr.sid(info.resourceGroupDomainSid)
  if (info.resourceGroups.length > 0) writeGroupMemberships(ndr, info.resourceGroups)
}

function userStrings(info: LogonInfo): readonly string[] {
  return [
    info.effectiveName,
    info.fullName,
    info.logonScript,
    info.profilePath,
    info.homeDirectory,
    info.homeDirectoryDrive,
  ]
}

/** Windows counts a zero character that it does not send in these two strings. */
const TERMINATOR = 2
