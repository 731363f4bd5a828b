import { ConfigurationError, Keytab, shownName } from '@s4u/krb5'
import { DirectoryError } from '../errors.js'
import type { DirectoryAccount } from '../interface/directory-account.js'
import type { ManagedPassword } from '../interface/managed-password.js'
import { readEntry } from '../search/read-entry.js'
import type { Session } from '../session/open-session.js'
import { managedKeys } from './managed-keys.js'
import { decodePasswordBlob } from './password-blob.js'

const PASSWORD = 'msDS-ManagedPassword'
const KEY_VERSION = 'msDS-KeyVersionNumber'

/**
 * Reads the password of a managed account and makes its keys. The directory computes the password
 * for each question, and gives it over encrypted connections only. MS-ADTS section 3.1.1.4.5.39.
 * @param self the account that asks, for the hint
 * @throws DirectoryError `insufficientAccessRights` where the account that asks may not read it
 */
export async function readManagedPassword(
  session: Session,
  account: DirectoryAccount,
  { self, now }: { readonly self: string; readonly now: number },
  signal: AbortSignal,
): Promise<ManagedPassword> {
  const entry = await readEntry(session, account.dn, [PASSWORD, KEY_VERSION], signal)
  const octets = entry?.octets(PASSWORD)
  if (octets === undefined) throw notGiven(account, self, session.controller.label)
  const blob = decodePasswordBlob(octets)
  const kvno = Number(entry?.text(KEY_VERSION) ?? account.keyVersion ?? 1)
  const entries = await managedKeys(account, blob, kvno, now)
  octets.fill(0)
  return Object.freeze({
    account,
    keytab: new Keytab(entries, `the managed password of ${account.name}`),
    queryAt: now + blob.queryInterval,
    unchangedUntil: now + blob.unchangedInterval,
  })
}

/** @throws ConfigurationError */
export function requireManaged(name: string, account: DirectoryAccount | undefined): DirectoryAccount {
  if (account === undefined) {
    throw new ConfigurationError(`there is no account ${shownName(name)} in the directory`, {
      code: 'noSuchObject',
      hint: "Managed accounts end with a dollar sign: managedKeytab(directory, 'web-gmsa$').",
    })
  }
  if (account.kind === 'managedServiceAccount') return account
  throw new ConfigurationError(`${account.principal} is no managed account: it is of the kind ${account.kind}`, {
    code: 'noSuchAttribute',
    hint: 'Only group managed service accounts have a password that the directory tells. Use a keytab for others.',
  })
}

/** The attribute is absent then, without an error. */
function notGiven({ name }: DirectoryAccount, self: string, server: string): DirectoryError {
  const asker = self.replace(/@[^@]*$/, '')
  const command = `samba-tool service-account group-msa-membership add --name=${word(name.replace(/\$$/, ''))} --principal=${word(asker)}`
  return new DirectoryError(
    'insufficientAccessRights',
    { operation: 'search', resultCode: 0, diagnostic: `${self} may not read the password of ${name}`, server },
    {
      hint:
        `Add ${asker} to those who may retrieve it, which Active Directory calls ` +
        `PrincipalsAllowedToRetrieveManagedPassword. With Samba: ${command}. The managed account must be enabled.`,
    },
  )
}

/** As one word of a shell, whatever the name is. */
function word(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`
}
