import { asciiLower, asciiUpper, decodeSid, type Filetime, millisecondsOfFiletime, SupportedEnctype } from '@s4u/krb5'
import { domainOfDn } from '../ldap/distinguished-name.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import { UserAccountControl as Flag } from './account-attributes.js'
import { readAllowedToAct } from './allowed-to-act.js'
import type { AccountKind, AccountState, DelegationSettings, DirectoryAccount } from '../interface/directory-account.js'

/**
 * An account from what Active Directory says of it.
 * @throws MalformedTokenError for a SID or a security descriptor that cannot be read
 */
export function readAccount(entry: DirectoryEntry, now: number): DirectoryAccount {
  const name = entry.text('sAMAccountName') ?? ''
  const domain = domainOfDn(entry.dn) ?? ''
  const groupSids = entry.allOctets('tokenGroups').map((octets) => decodeSid(octets, 'tokenGroups'))
  const types = integerOf(entry, 'msDS-SupportedEncryptionTypes')
  const sid = entry.octets('objectSid')
  return Object.freeze({
    dn: entry.dn,
    sid: sid && decodeSid(sid, 'objectSid'),
    name,
    domain,
    principal: `${name}@${asciiUpper(domain)}`,
    kind: kindOf(entry),
    userPrincipalName: entry.text('userPrincipalName'),
    displayName: entry.text('displayName'),
    mail: entry.text('mail'),
    department: entry.text('department'),
    servicePrincipalNames: entry.texts('servicePrincipalName'),
    dnsHostName: entry.text('dNSHostName'),
    userAccountControl: integerOf(entry, 'userAccountControl'),
    state: stateOf(entry, groupSids, now),
    delegation: delegationOf(entry),
    supportedEncryptionTypes: types,
    encryptionTypes: types === undefined || types === 0 ? undefined : encryptionTypesOf(types),
    keyVersion: integerOf(entry, 'msDS-KeyVersionNumber'),
    passwordSetAt: timeOf(entry, 'pwdLastSet'),
    passwordExpiresAt: timeOf(entry, 'msDS-UserPasswordExpiryTimeComputed'),
    expiresAt: timeOf(entry, 'accountExpires'),
    memberOf: entry.texts('memberOf'),
    groupSids,
    authenticationPolicy: entry.text('msDS-AssignedAuthNPolicy'),
    authenticationSilo: entry.text('msDS-AssignedAuthNPolicySilo'),
  })
}

/** Managed accounts are computers too, as far as their classes say. */
function kindOf(entry: DirectoryEntry): AccountKind {
  const classes = new Set(entry.texts('objectClass').map(asciiLower))
  if (classes.has('msds-groupmanagedserviceaccount') || classes.has('msds-managedserviceaccount')) {
    return 'managedServiceAccount'
  }
  if (classes.has('computer')) return 'computer'
  if (classes.has('user')) return 'user'
  return classes.has('group') ? 'group' : 'other'
}

/** The relative identifier of Protected Users. MS-DTYP section 2.4.2.4. */
const PROTECTED_USERS = /^S-1-5-21-(?:\d+-){3}525$/

function stateOf(entry: DirectoryEntry, groupSids: readonly string[], now: number): AccountState {
  const control = integerOf(entry, 'userAccountControl') ?? 0
  const computed = integerOf(entry, 'msDS-User-Account-Control-Computed') ?? 0
  const has = (flag: number): boolean => (control & flag) !== 0
  const passwordExpired = ((control | computed) & Flag.PASSWORD_EXPIRED) !== 0
  const expiresAt = timeOf(entry, 'accountExpires')
  return Object.freeze({
    disabled: has(Flag.DISABLED),
    locked: (computed & Flag.LOCKED) !== 0,
    expired: expiresAt !== undefined && expiresAt <= now,
    passwordExpired,
    mustChangePassword: passwordExpired && filetimeOf(entry, 'pwdLastSet') === 0n,
    passwordNeverExpires: has(Flag.PASSWORD_NEVER_EXPIRES),
    smartcardRequired: has(Flag.SMARTCARD_REQUIRED),
    noPreauthentication: has(Flag.NO_PREAUTHENTICATION),
    noPac: has(Flag.NO_PAC),
    protectedUser: groupSids.some((sid) => PROTECTED_USERS.test(sid)),
    domainController: has(Flag.SERVER_TRUST),
  })
}

function delegationOf(entry: DirectoryEntry): DelegationSettings {
  const control = integerOf(entry, 'userAccountControl') ?? 0
  const descriptor = entry.octets('msDS-AllowedToActOnBehalfOfOtherIdentity')
  return Object.freeze({
    sensitive: (control & Flag.NOT_DELEGATED) !== 0,
    unconstrained: (control & Flag.TRUSTED_FOR_DELEGATION) !== 0,
    protocolTransition: (control & Flag.TRUSTED_TO_AUTHENTICATE) !== 0,
    allowedToDelegateTo: entry.texts('msDS-AllowedToDelegateTo'),
    allowedToAct: descriptor && readAllowedToAct(descriptor),
  })
}

/** In the order of strength. MS-KILE section 2.2.7. */
const TYPES: readonly (readonly [number, number])[] = [
  [SupportedEnctype.AES256_CTS_HMAC_SHA1_96, 18],
  [SupportedEnctype.AES128_CTS_HMAC_SHA1_96, 17],
  [SupportedEnctype.RC4_HMAC, 23],
  [SupportedEnctype.DES_CBC_MD5, 3],
  [SupportedEnctype.DES_CBC_CRC, 1],
]

function encryptionTypesOf(bits: number): readonly number[] {
  return TYPES.flatMap(([bit, etype]) => ((bits & bit) === 0 ? [] : [etype]))
}

/** Numbers of Active Directory are of 32 bits with a sign, and written in decimal. */
export function integerOf(entry: DirectoryEntry, name: string): number | undefined {
  const text = entry.text(name)
  return text !== undefined && /^-?\d{1,10}$/.test(text) ? Number(text) | 0 : undefined
}

function filetimeOf(entry: DirectoryEntry, name: string): Filetime | undefined {
  const text = entry.text(name)
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined
}

/**
 * Returns milliseconds since the epoch; undefined for "never", and if the attribute is missing.
 */
function timeOf(entry: DirectoryEntry, name: string): number | undefined {
  const filetime = filetimeOf(entry, name)
  if (filetime === undefined || filetime === 0n) return undefined
  const time = millisecondsOfFiletime(filetime)
  return time === Infinity ? undefined : time
}
