import {
  asciiLower,
  type DelegationInfo,
  FILETIME_NEVER,
  filetimeOfMilliseconds,
  GroupAttribute,
  type LogonInfo,
  type Pac,
  type PacBuffer,
  PacBufferType,
  type PacContents,
  UserFlag,
} from '@s4u/krb5'
import { type Account, upnOf } from '../directory/account.js'
import type { Directory } from '../directory/directory.js'
import { DOMAIN_USERS, PROTECTED_USERS } from '../directory/security-identifiers.js'
import type { Kdc } from '../kdc/kdc.js'

/**
 * SIDs that say who has authenticated the user: the KDC, or a service by S4U2Self. Source: MS-SFU
 * section 3.2.5.1.2.
 */
export const AssertedIdentity = { AUTHENTICATION_AUTHORITY: 'S-1-18-1', SERVICE: 'S-1-18-2' } as const

export interface NewPac {
  readonly directory: Directory
  readonly writePac?: Kdc['writePac']
  readonly account: Account
  /** Milliseconds since the epoch. */
  readonly authtime: number
  /** The name of the client in the ticket. It has a realm in referrals that name the service. */
  readonly clientName: string
  readonly asserted: (typeof AssertedIdentity)[keyof typeof AssertedIdentity]
}

/** Returns the PAC of an account, as the directory has it. Source: MS-PAC section 2.4. */
export function newPac(options: NewPac): PacContents {
  const { directory, account, authtime, clientName, writePac } = options
  const { upn, constructed } = upnOf(account, directory.realm)
  const contents: PacContents = {
    logonInfo: logonInfo(options),
    clientInfo: { clientId: filetimeOfMilliseconds(authtime), name: clientName },
    upnDnsInfo: {
      upn,
      dnsDomainName: asciiLower(directory.realm),
      flags: constructed ? 1 : 0,
      extended: { samAccountName: account.name, sid: account.sid },
    },
  }
  return writePac === undefined ? contents : writePac(contents)
}

/** Adds what only the PAC of a TGT carries. Source: MS-PAC sections 2.14 and 2.15. */
export function forTicketGranting(
  contents: PacContents,
  account: Account,
  requested: boolean | undefined,
): PacContents {
  const flags = requested === undefined ? 2 : requested ? 1 : 0
  return { ...contents, attributes: { flagsLength: 2, flags }, requestor: account.sid }
}

export interface PacChanges {
  readonly clientName?: string
  readonly delegationInfo?: DelegationInfo
  /** Whether the new ticket is a TGT: what only TGTs carry is kept then. */
  readonly ticketGranting: boolean
}

/**
 * Returns the same PAC for another ticket. Signatures are left out; everything else stays octet for
 * octet, unless it is changed here.
 */
export function copiedPac(pac: Pac, { clientName, delegationInfo, ticketGranting }: PacChanges): PacContents {
  const replaced = new Set<number>(SIGNATURES)
  if (!ticketGranting) for (const type of TICKET_GRANTING_ONLY) replaced.add(type)
  if (clientName !== undefined) replaced.add(PacBufferType.CLIENT_INFO)
  if (delegationInfo !== undefined) replaced.add(PacBufferType.DELEGATION_INFO)
  const other: PacBuffer[] = pac.buffers.filter(({ type }) => !replaced.has(type))
  const clientId = pac.clientInfo?.clientId
  return {
    ...(clientName !== undefined && clientId !== undefined && { clientInfo: { clientId, name: clientName } }),
    ...(delegationInfo !== undefined && { delegationInfo }),
    other,
  }
}

/**
 * Says whether the user is sensitive or in Protected Users. The PAC decides, because the KDC knows
 * nothing else about users of other realms.
 */
export function mayNotBeDelegated(info: LogonInfo | undefined): boolean {
  if (info === undefined) return false
  const inProtectedUsers = info.groupIds.some(({ relativeId }) => relativeId === PROTECTED_USERS)
  return (info.userAccountControl & USER_NOT_DELEGATED) !== 0 || inProtectedUsers
}

function logonInfo({ directory, account, authtime, asserted }: NewPac): LogonInfo {
  const { settings, relativeId, groups } = account
  const prefix = `${directory.domainSid}-`
  const own = groups.filter((sid) => sid.startsWith(prefix)).map((sid) => Number(sid.slice(prefix.length)))
  const foreign = groups.filter((sid) => !sid.startsWith(prefix))
  // The PAC of an account with a SID of another domain has the relative identifier 0, and the SID
  // as first extra SID.
  const ownSid = account.sid === `${prefix}${relativeId}` ? [] : [account.sid]
  const always = [DOMAIN_USERS, ...(settings.protected ? [PROTECTED_USERS] : [])]
  return {
    ...EMPTY_LOGON,
    logonTime: filetimeOfMilliseconds(authtime),
    effectiveName: account.name,
    fullName: settings.displayName ?? account.name,
    userId: ownSid.length > 0 ? 0 : relativeId,
    primaryGroupId: DOMAIN_USERS,
    groupIds: [...new Set([...always, ...own])].map((id) => ({ relativeId: id, attributes: USUAL })),
    userFlags: UserFlag.EXTRA_SIDS,
    logonServer: 'KDC',
    logonDomainName: directory.netbiosName,
    logonDomainId: directory.domainSid,
    userAccountControl: userAccountControl(account),
    extraSids: [...ownSid, ...foreign, asserted].map((sid) => ({ sid, attributes: USUAL })),
  }
}

/** Source: MS-SAMR section 2.2.1.12. */
function userAccountControl({ kind, settings }: Account): number {
  return (
    (kind === 'user' ? 0x10 : 0x80) |
    (settings.disabled ? 0x1 : 0) |
    (settings.okAsDelegate ? 0x2000 : 0) |
    (settings.sensitive ? USER_NOT_DELEGATED : 0) |
    (settings.trustedToAuthForDelegation ? 0x4_0000 : 0)
  )
}

const USER_NOT_DELEGATED = 0x4000
const USUAL = GroupAttribute.MANDATORY | GroupAttribute.ENABLED_BY_DEFAULT | GroupAttribute.ENABLED

const SIGNATURES = [
  PacBufferType.SERVER_CHECKSUM,
  PacBufferType.KDC_CHECKSUM,
  PacBufferType.TICKET_CHECKSUM,
  PacBufferType.FULL_CHECKSUM,
]
const TICKET_GRANTING_ONLY = [PacBufferType.ATTRIBUTES_INFO, PacBufferType.REQUESTOR]

const EMPTY_LOGON = {
  logoffTime: FILETIME_NEVER,
  kickOffTime: FILETIME_NEVER,
  passwordLastSet: 0n,
  passwordCanChange: 0n,
  passwordMustChange: FILETIME_NEVER,
  logonScript: '',
  profilePath: '',
  homeDirectory: '',
  homeDirectoryDrive: '',
  logonCount: 0,
  badPasswordCount: 0,
  subAuthStatus: 0,
  lastSuccessfulInteractiveLogon: 0n,
  lastFailedInteractiveLogon: 0n,
  failedInteractiveLogonCount: 0,
  resourceGroupDomainSid: undefined,
  resourceGroups: [],
}
