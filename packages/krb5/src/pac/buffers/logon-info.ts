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
 * KERB_VALIDATION_INFO: what the domain says about the user: names, times and groups. MS-PAC
 * section 2.5.
 *
 * UserSessionKey is left out: it is zero with Kerberos, and a secret otherwise. The reserved fields
 * are left out too.
 */
export interface LogonInfo {
  readonly logonTime: Filetime
  readonly logoffTime: Filetime
  readonly kickOffTime: Filetime
  readonly passwordLastSet: Filetime
  readonly passwordCanChange: Filetime
  readonly passwordMustChange: Filetime
  /** The name of the account (sAMAccountName). */
  readonly effectiveName: string
  readonly fullName: string
  readonly logonScript: string
  readonly profilePath: string
  readonly homeDirectory: string
  readonly homeDirectoryDrive: string
  readonly logonCount: number
  readonly badPasswordCount: number
  /**
   * The relative identifier of the user in `logonDomainId`. 0 means that the first of `extraSids`
   * is the user.
   */
  readonly userId: number
  readonly primaryGroupId: number
  /** The groups of `logonDomainId` in which the user is. */
  readonly groupIds: readonly GroupMembership[]
  /** Bits of `UserFlag`. */
  readonly userFlags: number
  readonly logonServer: string
  readonly logonDomainName: string
  /** The SID of the domain of the account. */
  readonly logonDomainId: string
  readonly userAccountControl: number
  readonly subAuthStatus: number
  readonly lastSuccessfulInteractiveLogon: Filetime
  readonly lastFailedInteractiveLogon: Filetime
  readonly failedInteractiveLogonCount: number
  /** Groups of any domain. They count only with `UserFlag.EXTRA_SIDS`. */
  readonly extraSids: readonly SidAndAttributes[]
  /** The SID of the domain of the service, to which `resourceGroups` belong. */
  readonly resourceGroupDomainSid: string | undefined
  /** Groups of the domain of the service. They count only with `UserFlag.RESOURCE_GROUPS`. */
  readonly resourceGroups: readonly GroupMembership[]
}

/** Bits of `userFlags` that decide which groups count. MS-PAC section 2.5. */
export const UserFlag = { EXTRA_SIDS: 0x20, RESOURCE_GROUPS: 0x200 } as const

/**
 * Reads KERB_VALIDATION_INFO.
 *
 * @throws MalformedTokenError
 */
export function decodeLogonInfo(bytes: Uint8Array, path = 'PAC.LOGON_INFO'): LogonInfo {
  return NdrReader.decode(bytes, path, (ndr) => readDeferred(ndr, readFixed(ndr)))
}

/**
 * Returns the octets of KERB_VALIDATION_INFO. They are those that Windows writes, except for the
 * values of referent identifiers when there are resource groups.
 */
export function encodeLogonInfo(info: LogonInfo): Uint8Array {
  return NdrWriter.encode((ndr) => {
    writeFixed(ndr, info)
    writeDeferred(ndr, info)
  })
}

/** Reads everything up to the first deferred field, in the order of MS-PAC section 2.5. */
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

/**
 * Reads the deferred fields. Each field is named one by one: V8 is slow at rest patterns, and at
 * object literals that begin with a spread.
 */
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

/**
 * Reads the SID of the domain. It must be there, since without it no group of the domain has a SID.
 */
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

/** In these two strings Windows counts a zero character that it does not send. */
const TERMINATOR = 2
