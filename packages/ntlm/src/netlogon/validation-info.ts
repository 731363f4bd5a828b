import { GroupAttribute, type NdrReader } from '@s4u/krb5'

/**
 * How much a controller is asked to say: 6 has the DNS name of the domain. MS-NRPC section
 * 2.2.1.4.17.
 */
export type ValidationLevel = 3 | 6

/** What the domain says of a user. MS-NRPC sections 2.2.1.4.12 and 2.2.1.4.13. */
export interface ValidationInfo {
  /** The name of the account (sAMAccountName). */
  readonly effectiveName: string
  readonly userId: number
  readonly primaryGroupId: number
  readonly groupIds: readonly number[]
  /** Bits of `LogonFlag`. */
  readonly userFlags: number
  /** The session key of the handshake, 16 octets. */
  readonly sessionKey: Uint8Array
  /** The NetBIOS name of the domain of the account. */
  readonly logonDomainName: string
  /** The SID of that domain. */
  readonly logonDomainId: string
  readonly extraSids: readonly string[]
  /** The DNS name of that domain; undefined at level 3. */
  readonly dnsDomainName: string | undefined
  /** The user principal name; undefined at level 3. */
  readonly upn: string | undefined
}

/** Bits of UserFlags. MS-NRPC section 2.2.1.4.11. */
export const LogonFlag = { GUEST: 1, LM_PASSWORD: 8, EXTRA_SIDS: 0x20 } as const

/** Reads NETLOGON_VALIDATION_SAM_INFO4 or SAM_INFO2, behind its pointer. */
export function readValidation(ndr: NdrReader, level: ValidationLevel): ValidationInfo {
  const fixed = readFixed(ndr, level)
  return readDeferred(ndr, fixed)
}

function readFixed(ndr: NdrReader, level: ValidationLevel) {
  for (const time of TIMES) ndr.filetime(time)
  const effectiveName = ndr.unicodeStringHeader('EffectiveName')
  const others = OTHER_NAMES.map((name) => ndr.unicodeStringHeader(name))
  ndr.u16('LogonCount')
  ndr.u16('BadPasswordCount')
  const ids = { userId: ndr.u32('UserId'), primaryGroupId: ndr.u32('PrimaryGroupId') }
  const groups = ndr.countedPointer('GroupIds')
  const userFlags = ndr.u32('UserFlags')
  const sessionKey = ndr.bytes(16, 'UserSessionKey').slice()
  const logonServer = ndr.unicodeStringHeader('LogonServer')
  const logonDomainName = ndr.unicodeStringHeader('LogonDomainName')
  if (!ndr.pointer('LogonDomainId')) ndr.fail('LogonDomainId', 'a SID', 'a null pointer')
  for (let at = 0; at < 10; at++) ndr.u32('ExpansionRoom')
  const extraSids = ndr.countedPointer('ExtraSids')
  const names = { effectiveName, others, logonServer, logonDomainName }
  const more = level === 3 ? [] : LEVEL_6_NAMES.map((name) => ndr.unicodeStringHeader(name))
  for (const { count } of [groups, extraSids])
    if (count > MAX_SIDS) ndr.fail('GroupIds', `at most ${MAX_SIDS}`, String(count))
  return { ...ids, ...names, groups, userFlags, sessionKey, extraSids, more }
}

function readDeferred(ndr: NdrReader, fixed: ReturnType<typeof readFixed>): ValidationInfo {
  const { userId, primaryGroupId, userFlags, sessionKey, groups, extraSids: sids } = fixed
  const effectiveName = ndr.unicodeString(fixed.effectiveName, 'EffectiveName')
  for (const other of fixed.others) ndr.unicodeString(other, 'FullName')
  const groupIds = groups.present ? readGroups(ndr, groups.count) : []
  ndr.unicodeString(fixed.logonServer, 'LogonServer')
  const logonDomainName = ndr.unicodeString(fixed.logonDomainName, 'LogonDomainName')
  const logonDomainId = ndr.sid('LogonDomainId')
  const extraSids = sids.present ? readSids(ndr, sids.count) : []
  const [dnsDomainName, upn] = fixed.more.map((name) => ndr.unicodeString(name, 'DnsLogonDomainName'))
  const who = { effectiveName, userId, primaryGroupId, groupIds, userFlags, sessionKey }
  return { ...who, logonDomainName, logonDomainId, extraSids, dnsDomainName, upn }
}

function readGroups(ndr: NdrReader, count: number): readonly number[] {
  ndr.conformance(count, 8, 'GroupIds')
  const groups = Array.from({ length: count }, () => ({ id: ndr.u32('RelativeId'), attributes: ndr.u32('Attributes') }))
  return groups.filter(mayGrant).map(({ id }) => id)
}

function readSids(ndr: NdrReader, count: number): readonly string[] {
  ndr.conformance(count, 8, 'ExtraSids')
  const groups = Array.from({ length: count }, () => ({
    isPresent: ndr.pointer('Sid'),
    attributes: ndr.u32('Attributes'),
  }))
  const present = groups.filter(({ isPresent }) => isPresent).map((group) => ({ ...group, sid: ndr.sid('Sid') }))
  return present.filter(mayGrant).map(({ sid }) => sid)
}

/** Groups that may only deny grant nothing. MS-PAC section 2.2.1. */
function mayGrant({ attributes }: { readonly attributes: number }): boolean {
  return (attributes & GroupAttribute.USE_FOR_DENY_ONLY) === 0
}

const TIMES = ['LogonTime', 'LogoffTime', 'KickOffTime', 'PasswordLastSet', 'PasswordCanChange', 'PasswordMustChange']
const OTHER_NAMES = ['FullName', 'LogonScript', 'ProfilePath', 'HomeDirectory', 'HomeDirectoryDrive']
const LEVEL_6_NAMES = ['DnsLogonDomainName', 'Upn', ...Array.from({ length: 10 }, () => 'ExpansionString')]

/** Windows puts at most 1,024 groups into a token. */
const MAX_SIDS = 2_048
