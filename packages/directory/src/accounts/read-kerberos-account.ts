import { generalizedTime } from '../session/root-dse.js'
import { domainOfDn } from '../ldap/distinguished-name.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import { integerOf } from './read-account.js'
import type { AccountState, DirectoryAccount } from '../interface/directory-account.js'

/** krbTicketFlags: what a principal may not have. MIT krb5, kdb.h. */
const KrbFlag = {
  NOT_FORWARDABLE: 0x2,
  DISALLOW_ALL: 0x40,
  NEEDS_CHANGE: 0x200,
  REQUIRES_PREAUTH: 0x80,
  OK_AS_DELEGATE: 0x10_0000,
  OK_TO_AUTH_AS_DELEGATE: 0x20_0000,
} as const

/**
 * An account from what a directory says of it that has the schema of MIT's KDC, such as OpenLDAP or
 * FreeIPA.
 */
export function readKerberosAccount(entry: DirectoryEntry, realm: string, now: number): DirectoryAccount {
  const principals = entry.texts('krbPrincipalName')
  const principal = entry.text('krbCanonicalName') ?? principals[0] ?? `${entry.text('uid') ?? ''}@${realm}`
  const flags = integerOf(entry, 'krbTicketFlags') ?? 0
  const services = principals.map(withoutRealm).filter((name) => name.includes('/'))
  const isService = withoutRealm(principal).includes('/')
  return Object.freeze({
    dn: entry.dn,
    sid: undefined,
    name: entry.text('uid') ?? withoutRealm(principal),
    domain: domainOfDn(entry.dn) ?? '',
    principal,
    kind: isService ? 'other' : 'user',
    userPrincipalName: undefined,
    displayName: entry.text('displayName') ?? entry.text('cn'),
    mail: entry.text('mail'),
    department: entry.text('departmentNumber'),
    servicePrincipalNames: services,
    dnsHostName: undefined,
    userAccountControl: undefined,
    state: stateOf(entry, flags, now),
    delegation: Object.freeze({
      sensitive: (flags & KrbFlag.NOT_FORWARDABLE) !== 0,
      unconstrained: (flags & KrbFlag.OK_AS_DELEGATE) !== 0,
      protocolTransition: (flags & KrbFlag.OK_TO_AUTH_AS_DELEGATE) !== 0,
      allowedToDelegateTo: entry.texts('krbAllowedToDelegateTo'),
      allowedToAct: undefined,
    }),
    supportedEncryptionTypes: undefined,
    encryptionTypes: undefined,
    keyVersion: undefined,
    passwordSetAt: generalizedTime(entry.text('krbLastPwdChange')),
    passwordExpiresAt: generalizedTime(entry.text('krbPasswordExpiration')),
    expiresAt: generalizedTime(entry.text('krbPrincipalExpiration')),
    memberOf: entry.texts('memberOf'),
    groupSids: [],
    authenticationPolicy: undefined,
    authenticationSilo: undefined,
  })
}

function stateOf(entry: DirectoryEntry, flags: number, now: number): AccountState {
  const isOver = (name: string): boolean => {
    const time = generalizedTime(entry.text(name))
    return time !== undefined && time <= now
  }
  const needsChange = (flags & KrbFlag.NEEDS_CHANGE) !== 0
  return Object.freeze({
    disabled: (flags & KrbFlag.DISALLOW_ALL) !== 0,
    locked: false,
    expired: isOver('krbPrincipalExpiration'),
    passwordExpired: needsChange || isOver('krbPasswordExpiration'),
    mustChangePassword: needsChange,
    passwordNeverExpires: !entry.has('krbPasswordExpiration'),
    smartcardRequired: false,
    noPreauthentication: (flags & KrbFlag.REQUIRES_PREAUTH) === 0,
    noPac: false,
    protectedUser: false,
    domainController: false,
  })
}

function withoutRealm(principal: string): string {
  return principal.replace(/(?<!\\)@[^@]*$/, '')
}
