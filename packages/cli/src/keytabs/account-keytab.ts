import { type AccountKeys, deriveAccountKeys, type DeriveAccountKeysOptions } from '@s4u/kdc-client'
import { formatPrincipal, Keytab, type KeytabEntry, parsePrincipal, type Principal } from '@s4u/krb5'
import { UsageError } from '../usage-error.js'

/** What a keytab is made with, beside the password. */
export interface AccountKeytabOptions extends DeriveAccountKeysOptions {
  /** SPNs of the account, each with the same keys, as Active Directory has them. */
  readonly spns: readonly string[]
  /** The version, whatever the KDC tells. */
  readonly kvno?: number
  /** The version, where the KDC does not tell it. */
  readonly likelyKvno?: number
  /** Milliseconds since the epoch, for the entries. */
  readonly timestamp: number
}

/**
 * A keytab of an account: one entry for each encryption type, under the account's name and under
 * each SPN.
 *
 * @throws as `deriveAccountKeys`; UsageError if the version of the keys is not known
 */
export async function accountKeytab(options: AccountKeytabOptions): Promise<Keytab> {
  const { spns, kvno, likelyKvno, timestamp, ...asking } = options
  const account = await deriveAccountKeys(asking)
  const names = [account.principal, ...spns.map((spn) => parsePrincipal(spn, { realm: account.principal.realm }))]
  return new Keytab(names.flatMap((name) => entriesOf(name, account, kvno ?? account.kvno ?? likelyKvno, timestamp)))
}

function entriesOf(
  principal: Principal,
  { keys, principal: account }: AccountKeys,
  kvno: number | undefined,
  timestamp: number,
): readonly KeytabEntry[] {
  if (kvno !== undefined) return keys.map((key) => ({ principal, kvno, key, timestamp }))
  throw new UsageError(
    `the KDC does not tell the version of the keys of ${formatPrincipal(account)}`,
    'Look it up (kadmin getprinc, msDS-KeyVersionNumber) and give it with --kvno.',
  )
}
