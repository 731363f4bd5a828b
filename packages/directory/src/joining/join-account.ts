import { randomPassword } from '@s4u/kdc-client'
import { ConfigurationError } from '@s4u/krb5'
import { planComputer, planPassword, planUser } from '../changes/plan-account.js'
import { planSettings } from '../changes/plan-delegation.js'
import { planServiceNames } from '../changes/plan-service-names.js'
import { DirectoryError } from '../errors.js'
import type { Directory } from '../interface/directory.js'
import type { DirectoryAccount } from '../interface/directory-account.js'
import type { DirectoryChange } from '../interface/directory-change.js'
import type { JoinOptions, PasswordKeeper } from './join-options.js'
import { requireTakeable } from './require-takeable.js'

/** An account whose password only the caller knows. */
export interface JoinedAccount {
  /** As it is now. */
  readonly account: DirectoryAccount
  /**
   * The random password: make keys of it (`deriveAccountKeys` of @s4u/kdc-client), and forget it.
   */
  readonly password: string
  readonly created: boolean
  /** What was changed, in this order. */
  readonly changes: readonly DirectoryChange[]
}

/**
 * Creates the account of a service, or takes it over, with a random password, its service principal
 * names, encryption types and delegation. The directory is opened as an administrator, or as
 * somebody who may create accounts there.
 *
 * @example
 * ```ts
 * import { type Directory, joinAccount } from '@s4u/directory'
 *
 * export async function join(directory: Directory): Promise<string> {
 *   const { password } = await joinAccount(directory, {
 *     kind: 'user',
 *     name: 'svc-web',
 *     servicePrincipalNames: ['HTTP/web.corp.test'],
 *   })
 *   return password
 * }
 * ```
 *
 * @throws ConfigurationError where the account is there and is not to be taken over
 * @throws DirectoryError `attributeOrValueExists` where another account has one of the names,
 * `insufficientAccessRights`
 */
export async function joinAccount(directory: Directory, options: JoinOptions): Promise<JoinedAccount> {
  const password = randomPassword()
  const present = await directory.account(signInName(options), { signal: options.signal })
  if (present !== undefined) {
    if (options.takeOver !== true) throw isThere(present)
    await requireTakeable(present, directory, { ...options, signInName: signInName(options) })
  }
  const changes: DirectoryChange[] = []
  const apply = async (change: DirectoryChange | undefined): Promise<void> => {
    if (change === undefined) return
    await directory.apply(change, { signal: options.signal })
    changes.push(change)
  }
  const setPassword = (change: DirectoryChange): Promise<void> =>
    keeping(options.passwordKeeper, password, () => apply(change))
  if (present === undefined) await setPassword(await planNew(directory, options, password))
  else await takeOver(directory, present, { options, password, apply, setPassword })
  await apply(planDelegation(await found(directory, options), options))
  const account = await found(directory, options)
  return Object.freeze({ account, password, created: present === undefined, changes })
}

interface TakeOver {
  readonly options: JoinOptions
  readonly password: string
  readonly apply: (change: DirectoryChange | undefined) => Promise<void>
  readonly setPassword: (change: DirectoryChange) => Promise<void>
}

/**
 * Sets the password, which the keeper keeps meanwhile. The keeper discards it only after the
 * controller has refused: after any other error, the password may be set.
 */
async function keeping(keeper: PasswordKeeper | undefined, password: string, set: () => Promise<void>): Promise<void> {
  await keeper?.save(password)
  try {
    await set()
  } catch (error) {
    if (error instanceof DirectoryError) await keeper?.discard()
    throw error
  }
}

/**
 * Takes the account over. The names are set first: if another account has one of them, the
 * password does not change.
 */
async function takeOver(
  directory: Directory,
  account: DirectoryAccount,
  { options, password, apply, setPassword }: TakeOver,
): Promise<void> {
  const { servicePrincipalNames: add = [], encryptionTypes, signal } = options
  await apply(await planServiceNames(directory, account, { add, signal }))
  await apply(planSettings(account, { disabled: false, ...(encryptionTypes && { encryptionTypes }) }))
  await setPassword(planPassword(account, password))
}

async function planNew(directory: Directory, options: JoinOptions, password: string): Promise<DirectoryChange> {
  const { kind, name, servicePrincipalNames = [], dnsHostName, container, encryptionTypes, signal } = options
  for (const spn of servicePrincipalNames) await requireFree(directory, spn, signal)
  const asked = {
    name,
    password,
    servicePrincipalNames,
    signal,
    ...(container !== undefined && { container }),
    ...(encryptionTypes && { encryptionTypes }),
  }
  if (kind === 'user') return planUser(directory, { ...asked, passwordNeverExpires: true })
  return planComputer(directory, { ...asked, ...(dnsHostName !== undefined && { dnsHostName }) })
}

function planDelegation(
  account: DirectoryAccount,
  { delegateTo = [], protocolTransition }: JoinOptions,
): DirectoryChange | undefined {
  const { allowedToDelegateTo: before } = account.delegation
  const isListed = (spn: string): boolean => before.some((one) => one.toLowerCase() === spn.toLowerCase())
  const missing = delegateTo.filter((spn) => !isListed(spn))
  return planSettings(account, {
    ...(missing.length > 0 && { allowedToDelegateTo: [...before, ...missing] }),
    ...(protocolTransition !== undefined && { protocolTransition }),
  })
}

async function found(directory: Directory, options: JoinOptions): Promise<DirectoryAccount> {
  const account = await directory.account(signInName(options), { signal: options.signal })
  if (account !== undefined) return account
  throw new ConfigurationError(`the account ${signInName(options)} was made, and cannot be found`, {
    hint: 'Another controller answers, which does not know it yet: wait for replication, or name one controller.',
  })
}

/** A second account with the name makes the KDC refuse tickets for both. */
async function requireFree(directory: Directory, spn: string, signal: AbortSignal | undefined): Promise<void> {
  const [owner] = await directory.accountsWithSpn(spn, { signal })
  if (owner === undefined) return
  throw new DirectoryError('attributeOrValueExists', {
    operation: 'add',
    resultCode: 20,
    diagnostic: `${owner.name} has the service principal name ${spn}`,
    server: directory.domain,
  })
}

function signInName({ kind, name }: JoinOptions): string {
  return kind === 'computer' && !name.endsWith('$') ? `${name}$` : name
}

function isThere({ name, dn }: DirectoryAccount): ConfigurationError {
  return new ConfigurationError(`the account ${name} is there already: ${dn}`, {
    hint: 'Take it over (takeOver, --take-over), which gives it a new password, or choose another name.',
  })
}
