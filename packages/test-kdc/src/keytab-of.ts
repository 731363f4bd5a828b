import { ConfigurationError, Keytab, type KeytabEntry, NameType, withoutHostBasedForm } from '@s4u/krb5'
import type { Account } from './account.js'
import type { Directory } from './directory.js'

/** The account name first: that is what signs in, and tools take the first entry. */
export function keytabOf({ realm }: Directory, { name, settings, keys, kvno }: Account): Keytab {
  const names = [
    { nameType: NameType.PRINCIPAL, nameString: [name] },
    ...(settings.spns ?? []).map((spn) => ({ nameType: NameType.SRV_INST, nameString: spn.split('/') })),
  ]
  const entries = names.flatMap((each) =>
    keys.map((key): KeytabEntry => ({ principal: { name: each, realm }, kvno, key, timestamp: 0 })),
  )
  return new Keytab(entries)
}

/** @throws ConfigurationError */
export function requireAccount(directory: Directory, name: string): Account {
  const account = directory.findByAccountName(name) ?? directory.findBySpn(withoutHostBasedForm(name))
  if (account !== undefined) return account
  throw new ConfigurationError(`${directory.realm} has neither an account nor an SPN ${name}`)
}
