import { asciiLower, Key, Keytab, type KeytabEntry, NameType, type RandomSource } from '@s4u/krb5'
import type { AccountChange } from './settings.js'

/** An entry of the directory. */
export interface Account {
  readonly kind: 'user' | 'service' | 'krbtgt'
  /** sAMAccountName. */
  readonly name: string
  readonly relativeId: number
  readonly sid: string
  groups: readonly string[]
  /** Best first; all of the same version. */
  keys: readonly Key[]
  kvno: number
  /** Keys of the passwords before, oldest first. Only passwords that the user has changed count. */
  formerKeys?: readonly Key[]
  /** The salt of the keys that are made from a password. */
  readonly salt: string
  readonly encryptionTypes: readonly number[]
  settings: Omit<AccountChange, 'groups'>
}

/**
 * Returns the salt of Active Directory: realm and account name, with their case. Source: MS-KILE
 * section 3.1.1.2.
 */
export function saltOf(realm: string, name: string): string {
  return `${realm}${name}`
}

/** Sets new keys and adds one to the key version. Without a password the keys are random. */
export async function setKeys(
  account: Account,
  password: string | undefined,
  random: RandomSource | undefined,
): Promise<void> {
  account.keys = await makeKeys(account, password, random)
  account.kvno++
}

/** Returns a key of the first of these encryption types of which the account has one. */
export function keyOfTypes(account: Account, etypes: readonly number[]): Key | undefined {
  for (const etype of etypes) {
    const key = account.keys.find((candidate) => candidate.etype === etype)
    if (key !== undefined) return key
  }
  return undefined
}

/** The key that tickets for this account are sealed with. */
export function ticketKeyOf(account: Account): Key {
  return account.keys[0]
}

/**
 * Returns the keytab of an account. The account name stands first: it is the name that signs in,
 * and tools take the first entry.
 */
export function keytabOf({ name, settings, keys, kvno }: Account, realm: string): Keytab {
  const names = [
    { nameType: NameType.PRINCIPAL, nameString: [name] },
    ...(settings.spns ?? []).map((spn) => ({ nameType: NameType.SRV_INST, nameString: spn.split('/') })),
  ]
  const entries = names.flatMap((each) =>
    keys.map((key): KeytabEntry => ({ principal: { name: each, realm }, kvno, key, timestamp: 0 })),
  )
  return new Keytab(entries)
}

export function upnOf(account: Account, realm: string): { upn: string; constructed: boolean } {
  const { upn } = account.settings
  return { upn: upn ?? `${account.name}@${asciiLower(realm)}`, constructed: upn === undefined }
}

function makeKeys(account: Account, password: string | undefined, random: RandomSource | undefined): Promise<Key[]> {
  const { encryptionTypes, salt } = account
  return Promise.all(
    encryptionTypes.map(async (etype) =>
      password === undefined ? Key.random(etype, random) : Key.fromPassword(etype, password, salt),
    ),
  )
}
