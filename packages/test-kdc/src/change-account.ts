import { requireNewSpns } from './add-account.js'
import { requireAccount } from './keytab-of.js'
import type { RealmState } from './realm-state.js'
import type { AccountChange } from './settings.js'
import { checkChange } from './settings-check.js'

/** What is not named stays as it is. @throws ConfigurationError, and nothing is changed then */
export function changeAccount({ directory, relativeIds }: RealmState, name: string, change: AccountChange): void {
  const account = requireAccount(directory, name)
  checkChange(name, change)
  const { groups, ...settings } = change
  requireNewSpns(directory, settings, account)
  if (groups !== undefined) account.groups = groups.map((group) => relativeIds.groupSid(group))
  account.settings = { ...account.settings, ...settings }
}
