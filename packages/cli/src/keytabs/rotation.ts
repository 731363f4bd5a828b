import { randomBytes } from 'node:crypto'
import { changePassword } from '@s4u/kdc-client'
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
  /** Leaves the keys of earlier versions out. Tickets that were issued before then open no more. */
  readonly dropOld: boolean
}

/**
 * Gives the account a new random password, with the key of the keytab, and writes the new keys into
 * it, under every name that had the old ones.
 *
 * The password is in a file beside the keytab until the new keys are written: between the two steps
 * the machine or the network may fail, and nobody else would know it.
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
    // With an answer that was lost nobody knows which password is right: the file stays.
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

/** Long enough for every policy: characters of all kinds, and more than anybody can try. */
function randomPassword(): string {
  return `${randomBytes(36).toString('base64url')}aA1!`
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
