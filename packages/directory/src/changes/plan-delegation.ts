import { asciiLower, ConfigurationError, supportedEnctypeBits } from '@s4u/krb5'
import { requireActiveDirectoryAccount } from './requires-active-directory.js'
import type { DirectoryAccount } from '../interface/directory-account.js'
import type { DirectoryChange, Modification } from '../interface/directory-change.js'
import { UserAccountControl as Flag } from '../accounts/account-attributes.js'
import {
  AceType,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  grantTo,
} from '../security-descriptor/security-descriptor.js'

/** The settings that an account will have. A setting that is left out does not change. */
export interface AccountSettings {
  /** Services that the account may go on to in users' names: the whole list. */
  readonly allowedToDelegateTo?: readonly string[]
  /** Whether the account may vouch for users (TRUSTED_TO_AUTH_FOR_DELEGATION). */
  readonly protocolTransition?: boolean
  /** Whether it gets its callers' ticket-granting tickets (TRUSTED_FOR_DELEGATION). */
  readonly unconstrained?: boolean
  /** Whether the account may not be delegated (NOT_DELEGATED). */
  readonly sensitive?: boolean
  readonly disabled?: boolean
  readonly passwordNeverExpires?: boolean
  readonly noPreauthentication?: boolean
  /**
   * Encryption types of tickets (RFC 3961): `[18, 17]`. Flags of the attribute that are no types
   * stay.
   */
  readonly encryptionTypes?: readonly number[]
}

/**
 * Plans a change of settings of an account. Undefined where all of them are so already.
 *
 * Flags are changed only if the account still has the flags that were read. If another
 * administrator has changed them, the directory answers `noSuchAttribute`, and that change is kept.
 *
 * @example
 * ```ts
 * import { type DirectoryAccount, type DirectoryChange, planSettings } from '@s4u/directory'
 *
 * export function allow(account: DirectoryAccount): DirectoryChange | undefined {
 *   return planSettings(account, { allowedToDelegateTo: ['HTTP/api.corp.test'] })
 * }
 * ```
 *
 * @throws ConfigurationError for an account whose flags were not read
 */
export function planSettings(account: DirectoryAccount, settings: AccountSettings): DirectoryChange | undefined {
  requireActiveDirectoryAccount('planSettings', account)
  const modifications = [
    ...flagChange(account, settings),
    ...listChange(account, settings),
    ...typeChange(account, settings),
  ]
  return modifications.length === 0 ? undefined : { kind: 'modify', dn: account.dn, modifications }
}

const FLAGS = {
  protocolTransition: Flag.TRUSTED_TO_AUTHENTICATE,
  unconstrained: Flag.TRUSTED_FOR_DELEGATION,
  sensitive: Flag.NOT_DELEGATED,
  disabled: Flag.DISABLED,
  passwordNeverExpires: Flag.PASSWORD_NEVER_EXPIRES,
  noPreauthentication: Flag.NO_PREAUTHENTICATION,
} as const

function flagChange({ userAccountControl, dn }: DirectoryAccount, settings: AccountSettings): Modification[] {
  const wanted = FLAG_NAMES.filter((name) => settings[name] !== undefined)
  if (wanted.length === 0) return []
  if (userAccountControl === undefined) {
    throw new ConfigurationError('the flags of the account are not known', { hint: `Read it with account('${dn}').` })
  }
  const flags = wanted.reduce(
    (all, name) => (settings[name] === true ? all | FLAGS[name] : all & ~FLAGS[name]),
    userAccountControl,
  )
  return flags === userAccountControl ? [] : swapped('userAccountControl', String(userAccountControl), String(flags))
}

const FLAG_NAMES = [
  'protocolTransition',
  'unconstrained',
  'sensitive',
  'disabled',
  'passwordNeverExpires',
  'noPreauthentication',
] as const

function listChange({ delegation }: DirectoryAccount, { allowedToDelegateTo }: AccountSettings): Modification[] {
  if (allowedToDelegateTo === undefined) return []
  const before = delegation.allowedToDelegateTo
  const isIn = (list: readonly string[], spn: string): boolean =>
    list.some((one) => asciiLower(one) === asciiLower(spn))
  const removed = before.filter((spn) => !isIn(allowedToDelegateTo, spn))
  const added = allowedToDelegateTo.filter((spn) => !isIn(before, spn))
  const attribute = 'msDS-AllowedToDelegateTo'
  return [
    { operation: 'delete' as const, attribute, values: removed },
    { operation: 'add' as const, attribute, values: added },
  ].filter(({ values }) => values.length > 0)
}

/** Bits of msDS-SupportedEncryptionTypes that are types of tickets. MS-KILE section 2.2.7. */
const TYPE_BITS = 0x1f

function typeChange(
  { supportedEncryptionTypes }: DirectoryAccount,
  { encryptionTypes }: AccountSettings,
): Modification[] {
  if (encryptionTypes === undefined) return []
  const bits = supportedEnctypeBits(encryptionTypes)
  const after = ((supportedEncryptionTypes ?? 0) & ~TYPE_BITS) | bits
  if (after === supportedEncryptionTypes) return []
  const attribute = 'msDS-SupportedEncryptionTypes'
  if (supportedEncryptionTypes === undefined) return [{ operation: 'add', attribute, values: [String(after)] }]
  return swapped(attribute, String(supportedEncryptionTypes), String(after))
}

/** Only where the value is still the one that was read. */
function swapped(attribute: string, before: string, after: string): Modification[] {
  return [
    { operation: 'delete', attribute, values: [before] },
    { operation: 'add', attribute, values: [after] },
  ]
}

/** The SIDs of the accounts that get, and that lose, the right to act towards an account. */
export interface AllowedToActChange {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

/**
 * Plans who may act towards an account in users' names (resource-based delegation). Entries of
 * others stay as they are, also those that are not known here. Undefined where nothing is to be
 * done.
 *
 * @example
 * ```ts
 * import { type DirectoryAccount, type DirectoryChange, planAllowedToAct } from '@s4u/directory'
 *
 * export function letIn(target: DirectoryAccount, sid: string): DirectoryChange | undefined {
 *   return planAllowedToAct(target, { add: [sid] })
 * }
 * ```
 *
 * @throws ConfigurationError for what is no SID; for a descriptor without a DACL, by which
 * everybody may act
 */
export function planAllowedToAct(
  account: DirectoryAccount,
  { add = [], remove = [] }: AllowedToActChange,
): DirectoryChange | undefined {
  requireActiveDirectoryAccount('planAllowedToAct', account)
  const before = account.delegation.allowedToAct
  const descriptor = before && decodeSecurityDescriptor(before.descriptor)
  const entries = descriptor?.dacl ?? []
  if (descriptor !== undefined && descriptor.dacl === undefined && remove.length > 0) throw everybody(account.dn)
  const kept = entries.filter(
    ({ type, plain }) => type !== AceType.ACCESS_ALLOWED || plain === undefined || !remove.includes(plain.sid),
  )
  const granted = new Set(
    kept.flatMap(({ type, plain }) => (type === AceType.ACCESS_ALLOWED && plain !== undefined ? [plain.sid] : [])),
  )
  const added = [...new Set(add)].filter((sid) => !granted.has(sid)).map(grantTo)
  if (added.length === 0 && kept.length === entries.length) return undefined
  const after = [...kept, ...added]
  const attribute = 'msDS-AllowedToActOnBehalfOfOtherIdentity'
  const modifications: Modification[] = [
    ...(before === undefined ? [] : [{ operation: 'delete' as const, attribute, values: [before.descriptor] }]),
    // An empty list and a missing list both grant nothing; the missing list is easier to read.
    ...(after.length === 0
      ? []
      : [
          {
            operation: 'add' as const,
            attribute,
            values: [encodeSecurityDescriptor({ owner: descriptor?.owner, dacl: after })],
          },
        ]),
  ]
  return { kind: 'modify', dn: account.dn, modifications }
}

function everybody(dn: string): ConfigurationError {
  return new ConfigurationError(`everybody may act towards ${dn}: there is no list to take somebody from`, {
    hint: 'Clear msDS-AllowedToActOnBehalfOfOtherIdentity, and then grant to those who need it.',
  })
}
