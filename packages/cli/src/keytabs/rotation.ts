import { changePassword, randomPassword } from '@s4u/kdc-client'
import { formatPrincipal, Keytab, type KeytabEntry, S4uError, samePrincipal } from '@s4u/krb5'
import { writeKeytab } from '../access/keytab-files.js'
import { accountKeytab, type AccountKeytabOptions } from './account-keytab.js'
import { PasswordFile } from './password-file.js'
import { mergedKeytab } from './merged-keytab.js'

export interface RotationOptions extends Omit<
  AccountKeytabOptions,
  'password' | 'spns' | 'principal' | 'encryptionTypes'
> {
  readonly path: string
  readonly keytab: Keytab
  /** The account whose password is changed: one of the keytab that signs in. */
  readonly principal: KeytabEntry['principal']
  /**
   * Leaves out the keys of earlier versions. Tickets that were issued before the change cannot be
   * opened any more.
   */
  readonly dropOld: boolean
}

/**
 * Gives the account a new random password, and writes the new keys into the keytab, under every
 * name that had the old keys. The old key of the keytab permits the change.
 *
 * A file beside the keytab keeps the password until the new keys are written. If the machine or
 * the network fails between the two steps, the password would be lost without this file.
 *
 * @throws PasswordChangeRefusedError where the directory does not permit it; the keytab is as it
 * was
 */
export async function rotateKeytab(options: RotationOptions): Promise<Keytab> {
  const { path, keytab, principal, dropOld, kvno, timestamp, ...asking } = options
  const name = formatPrincipal(principal)
  const password = randomPassword()
  const kept = new PasswordFile(path)
  kept.save(password)
  try {
    await changePassword({
      ...asking,
      principal: name,
      newPassword: password,
      credentials: { principal: name, keytab },
    })
  } catch (error) {
    // If the answer was lost, either password may be right, so the file stays.
    if (!S4uError.is(error) || error.code !== 'KRB5_KPASSWD_OUTCOME_UNKNOWN') kept.discard()
    throw error
  }
  const own = keytab.entries.filter((entry) => samePrincipal(entry.principal, principal))
  const newest = Math.max(...own.map((entry) => entry.kvno))
  const spns = namesWithKeysOf(keytab, own, principal)
  const versions = { likelyKvno: newest + 1, ...(kvno !== undefined && { kvno }) }
  const made = await accountKeytab({ ...asking, ...versions, principal: name, password, spns, timestamp })
  const others = dropOld ? keytab.entries.filter((entry) => !isNamed(entry, made)) : keytab.entries
  const result = mergedKeytab([made, new Keytab(others)])
  writeKeytab(path, result)
  kept.discard()
  return result
}

/** Other names in the keytab with the same keys: SPNs of the account. */
function namesWithKeysOf(
  { entries }: Keytab,
  own: readonly KeytabEntry[],
  principal: KeytabEntry['principal'],
): readonly string[] {
  const names = entries
    .filter((entry) => !samePrincipal(entry.principal, principal) && own.some((one) => one.key.equals(entry.key)))
    .map((entry) => formatPrincipal(entry.principal))
  return [...new Set(names)]
}

function isNamed(entry: KeytabEntry, { entries }: Keytab): boolean {
  return entries.some((one) => samePrincipal(one.principal, entry.principal))
}
