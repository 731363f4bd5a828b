import { asciiLower, asciiUpper, ConfigurationError, parseSpn, supportedEnctypeBits } from '@s4u/krb5'
import { noActiveDirectory, requireActiveDirectoryAccount } from './requires-active-directory.js'
import type { CallOptions, Directory } from '../interface/directory.js'
import type { DirectoryAccount } from '../interface/directory-account.js'
import type { AttributeValue, DirectoryChange } from '../interface/directory-change.js'
import { UserAccountControl as Flag } from '../accounts/account-attributes.js'
import { escapeDnValue } from '../ldap/distinguished-name.js'

/** AES only: what every directory since Windows Server 2008 has. */
const DEFAULT_ENCRYPTION_TYPES: readonly number[] = [18, 17]

/** What both kinds of new accounts have. */
export interface NewAccount extends CallOptions {
  /** Default: the account gets random keys that are not told, until a password is set. */
  readonly password?: string
  readonly servicePrincipalNames?: readonly string[]
  /** Encryption types of tickets (RFC 3961). Default: `[18, 17]`. */
  readonly encryptionTypes?: readonly number[]
  readonly description?: string
  /**
   * Where the account goes, a distinguished name. Default: where the directory puts such accounts.
   */
  readonly container?: string
}

/** A computer account that `planComputer` creates. */
export interface NewComputer extends NewAccount {
  /** The name of the machine, of at most 15 characters: `WEB01`. */
  readonly name: string
  /** Its name in DNS: `web01.corp.test`. Default: the name and the domain. */
  readonly dnsHostName?: string
}

/** A user account that `planUser` creates: a person's, or a service's. */
export interface NewUser extends NewAccount {
  /** The account's name, of at most 20 characters: `svc-web`. */
  readonly name: string
  /** Default: the name and the domain. */
  readonly userPrincipalName?: string
  /** For accounts of services. Default: false. */
  readonly passwordNeverExpires?: boolean
}

/** Containers that directories know by these numbers. MS-ADTS section 6.1.1.4. */
const COMPUTERS = 'aa312825768811d1aded00c04fd8d5cd'
const USERS = 'a9d1ca15768811d1aded00c04fd8d5cd'

/**
 * Plans a new computer account with `host` and `RestrictedKrbHost` names, as joining a domain makes
 * it.
 *
 * @example
 * ```ts
 * import { type Directory, planComputer } from '@s4u/directory'
 *
 * export async function join(directory: Directory, password: string): Promise<void> {
 *   await directory.apply(await planComputer(directory, { name: 'WEB01', password }))
 * }
 * ```
 *
 * @throws ConfigurationError for a name that no computer may have
 */
export async function planComputer(directory: Directory, computer: NewComputer): Promise<DirectoryChange> {
  const { name, dnsHostName = `${asciiLower(name)}.${directory.domain}` } = computer
  if (!/^(?!\d+$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,13}[A-Za-z0-9])?$/.test(name)) {
    throw new ConfigurationError('a computer is called by 1 to 15 letters, digits and hyphens, not digits only')
  }
  const hosts = [dnsHostName, asciiUpper(name)]
  const own = hosts.flatMap((host) => [`host/${host}`, `RestrictedKrbHost/${host}`])
  const container = computer.container ?? (await containerOf(directory, COMPUTERS, computer.signal))
  return newEntry(`CN=${escapeDnValue(asciiUpper(name))},${container}`, computer, {
    objectClass: ['top', 'person', 'organizationalPerson', 'user', 'computer'],
    sAMAccountName: [`${asciiUpper(name)}$`],
    userAccountControl: [String(Flag.WORKSTATION_TRUST)],
    dNSHostName: [dnsHostName],
    servicePrincipalName: withoutRepeated([...own, ...(computer.servicePrincipalNames ?? [])]),
  })
}

/**
 * Plans a new user account, such as one that a service runs as.
 * @example
 * ```ts
 * import { type Directory, planUser } from '@s4u/directory'
 *
 * export async function create(directory: Directory, password: string): Promise<void> {
 *   const servicePrincipalNames = ['HTTP/web.corp.test']
 *   const user = { name: 'svc-web', password, servicePrincipalNames }
 *   await directory.apply(await planUser(directory, user))
 * }
 * ```
 * @throws ConfigurationError for a name that no user may have
 */
export async function planUser(directory: Directory, user: NewUser): Promise<DirectoryChange> {
  const { name, userPrincipalName = `${name}@${directory.domain}` } = user
  if (!/^(?=.{1,20}$)[^"/\\[\]:;|=,+*?<>@\p{C}]*[^"/\\[\]:;|=,+*?<>@.\p{C}]$/u.test(name)) {
    throw new ConfigurationError(
      'a user is called by 1 to 20 characters, none of them " / \\ [ ] : ; | = , + * ? < > @',
    )
  }
  const flags =
    Flag.NORMAL |
    (user.passwordNeverExpires === true ? Flag.PASSWORD_NEVER_EXPIRES : 0) |
    (user.password === undefined ? Flag.DISABLED : 0)
  const container = user.container ?? (await containerOf(directory, USERS, user.signal))
  const names = user.servicePrincipalNames ?? []
  return newEntry(`CN=${escapeDnValue(name)},${container}`, user, {
    objectClass: ['top', 'person', 'organizationalPerson', 'user'],
    sAMAccountName: [name],
    userPrincipalName: [userPrincipalName],
    userAccountControl: [String(flags)],
    ...(names.length > 0 && { servicePrincipalName: withoutRepeated(names) }),
  })
}

/**
 * Plans a new password of an account, which an administrator sets without the old one. It travels
 * sealed.
 * @example
 * ```ts
 * import { type Directory, planPassword } from '@s4u/directory'
 *
 * export async function reset(directory: Directory, password: string): Promise<void> {
 *   const account = await directory.account('svc-web')
 *   if (account !== undefined) await directory.apply(planPassword(account, password))
 * }
 * ```
 * @throws ConfigurationError for an empty one
 */
export function planPassword(
  account: Pick<DirectoryAccount, 'dn'> & Partial<DirectoryAccount>,
  password: string,
): DirectoryChange {
  requireActiveDirectoryAccount('planPassword', account)
  return {
    kind: 'modify',
    dn: account.dn,
    modifications: [{ operation: 'replace', attribute: 'unicodePwd', values: [unicodePassword(password)] }],
  }
}

/** In quotes, UTF-16 with the low octet first. MS-ADTS section 3.1.1.3.1.5. */
function unicodePassword(password: string): Uint8Array {
  if (typeof password !== 'string' || password === '')
    throw new ConfigurationError('a password is a text that is not empty')
  return Buffer.from(`"${password}"`, 'utf16le')
}

function newEntry(
  dn: string,
  account: NewAccount,
  attributes: Readonly<Record<string, readonly AttributeValue[]>>,
): DirectoryChange {
  const { password, encryptionTypes = DEFAULT_ENCRYPTION_TYPES, description } = account
  return {
    kind: 'add',
    dn,
    attributes: {
      ...attributes,
      'msDS-SupportedEncryptionTypes': [String(supportedEnctypeBits(encryptionTypes))],
      ...(description !== undefined && { description: [description] }),
      ...(password !== undefined && { unicodePwd: [unicodePassword(password)] }),
    },
  }
}

function withoutRepeated(spns: readonly string[]): readonly string[] {
  for (const spn of spns) parseSpn(spn)
  return [...new Map(spns.map((spn) => [asciiLower(spn), spn])).values()]
}

/** The container may have been moved or redirected: the number stays. */
async function containerOf(directory: Directory, number: string, signal: AbortSignal | undefined): Promise<string> {
  const { domainDn, isActiveDirectory } = await directory.facts({ signal })
  if (!isActiveDirectory) throw noActiveDirectory('a new account')
  const base = `<WKGUID=${number},${domainDn}>`
  const [entry] = await directory.search({ base, scope: 'base', attributes: ['distinguishedName'], signal }).all()
  return entry?.dn ?? domainDn
}
