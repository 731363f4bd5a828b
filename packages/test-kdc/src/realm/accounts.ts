import { asciiLower, ConfigurationError, shownInput, withoutHostBasedForm } from '@s4u/krb5'
import { type Account, saltOf, setKeys } from '../directory/account.js'
import type { Directory } from '../directory/directory.js'
import type { RealmState } from './realm-state.js'
import { checkAccount, checkChange } from './settings-check.js'
import type { AccountChange, TestService, TestUser } from '../directory/settings.js'

/**
 * Adds a user or a service.
 *
 * @throws ConfigurationError when the name or an SPN is taken
 */
export async function addAccount(
  state: RealmState,
  kind: 'user' | 'service',
  name: string,
  options: TestUser | TestService,
): Promise<void> {
  const { directory, relativeIds, kdc } = state
  checkAccount(kind, name, options)
  if (!/^[^\s@/"[\]:;|=+*?<>\\,]+$/.test(name)) throw new ConfigurationError(`not an account name: ${shownInput(name)}`)
  if (directory.findByAccountName(name) !== undefined || asciiLower(name) === 'krbtgt')
    throw new ConfigurationError(`${name} is there already`)
  const { password, sid, groups = [], encryptionTypes = [18, 17], ...settings } = options
  const relativeId = relativeIds.next()
  const account: Account = {
    kind,
    name,
    relativeId,
    sid: sid ?? `${directory.domainSid}-${relativeId}`,
    groups: groups.map((group) => relativeIds.groupSid(group)),
    keys: [],
    kvno: 1,
    salt: saltOf(directory.realm, name),
    encryptionTypes,
    settings,
  }
  requireNewSpns(directory, settings)
  await setKeys(account, password, kdc.random)
  directory.add(account)
}

/**
 * Changes settings of an account. All others stay.
 *
 * @throws ConfigurationError; nothing is changed then
 */
export function changeAccount({ directory, relativeIds }: RealmState, name: string, change: AccountChange): void {
  const account = requireAccount(directory, name)
  checkChange(name, change)
  const { groups, ...settings } = change
  requireNewSpns(directory, settings, account)
  if (groups !== undefined) account.groups = groups.map((group) => relativeIds.groupSid(group))
  account.settings = { ...account.settings, ...settings }
}

/**
 * Finds an account by account name or SPN.
 *
 * @throws ConfigurationError when there is no such account
 */
export function requireAccount(directory: Directory, name: string): Account {
  const account = directory.findByAccountName(name) ?? directory.findBySpn(withoutHostBasedForm(name))
  if (account !== undefined) return account
  throw new ConfigurationError(`${directory.realm} has neither an account nor an SPN ${name}`)
}

/**
 * Refuses an SPN that another account has. Two accounts with one SPN are the usual reason of
 * KRB_AP_ERR_MODIFIED, and a directory does not allow them.
 */
function requireNewSpns(directory: Directory, { spns = [] }: AccountChange, own?: Account): void {
  const others = directory.accounts().filter((account) => account !== own)
  const taken = new Set(others.flatMap(({ settings }) => settings.spns?.map(asciiLower) ?? []))
  const twice = spns.find((spn) => taken.has(asciiLower(spn)))
  if (twice !== undefined) throw new ConfigurationError(`another account has the SPN ${twice}`)
}
