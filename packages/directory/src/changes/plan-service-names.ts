import { asciiLower, ConfigurationError, parseSpn } from '@s4u/krb5'
import { DirectoryError } from '../errors.js'
import { requireActiveDirectoryAccount } from './requires-active-directory.js'
import type { CallOptions, Directory } from '../interface/directory.js'
import type { DirectoryAccount } from '../interface/directory-account.js'
import type { DirectoryChange, Modification } from '../interface/directory-change.js'

/** Which service principal names an account is to have, and which no longer. */
export interface ServiceNameChange extends CallOptions {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

/**
 * Plans which service principal names an account gets and loses, as `setspn -S` and `setspn -D` do.
 * Looks in the whole forest first whether another account has one of them. Undefined where nothing
 * is to be done.
 *
 * @example
 * ```ts
 * import { type Directory, planServiceNames } from '@s4u/directory'
 *
 * export async function register(directory: Directory): Promise<void> {
 *   const account = await directory.account('svc-web')
 *   if (account === undefined) throw new Error('there is no svc-web')
 *   const change = await planServiceNames(directory, account, { add: ['HTTP/web.corp.test'] })
 *   if (change !== undefined) await directory.apply(change)
 * }
 * ```
 *
 * @throws DirectoryError `attributeOrValueExists` where another account has the name
 * @throws MalformedTokenError for what is no service principal name
 */
export async function planServiceNames(
  directory: Pick<Directory, 'accountsWithSpn'>,
  account: DirectoryAccount,
  { add = [], remove = [], signal }: ServiceNameChange,
): Promise<DirectoryChange | undefined> {
  requireActiveDirectoryAccount('planServiceNames', account)
  for (const spn of [...add, ...remove]) parseSpn(spn)
  const has = new Map(account.servicePrincipalNames.map((spn) => [asciiLower(spn), spn]))
  const twice = add.filter((spn) => remove.some((other) => asciiLower(other) === asciiLower(spn)))
  if (twice.length > 0) throw new ConfigurationError(`${twice.join(', ')} cannot be added and removed at once`)
  const missing = add.filter((spn) => !has.has(asciiLower(spn)))
  const present = remove.flatMap((spn) => has.get(asciiLower(spn)) ?? [])
  for (const spn of missing) await requireFree(directory, account, spn, signal)
  const modifications: Modification[] = [
    { operation: 'delete' as const, attribute: 'servicePrincipalName', values: present },
    { operation: 'add' as const, attribute: 'servicePrincipalName', values: missing },
  ].filter(({ values }) => values.length > 0)
  return modifications.length === 0 ? undefined : { kind: 'modify', dn: account.dn, modifications }
}

/** A second account with a name makes the KDC refuse tickets for both. */
async function requireFree(
  directory: Pick<Directory, 'accountsWithSpn'>,
  account: DirectoryAccount,
  spn: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const others = (await directory.accountsWithSpn(spn, { signal })).filter(({ dn }) => dn !== account.dn)
  if (others.length === 0) return
  const names = others.map(({ principal }) => principal).join(', ')
  throw new DirectoryError(
    'attributeOrValueExists',
    { operation: 'modify', resultCode: 20, diagnostic: `${spn} is already a name of ${names}`, server: account.domain },
    { hint: `Take it from ${names} first, or run the service as that account.` },
  )
}
