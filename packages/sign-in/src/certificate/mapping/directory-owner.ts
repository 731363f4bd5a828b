import { type Directory, type DirectoryEntry, filter } from '@s4u/directory'
import { asciiLower, RejectedTokenError } from '@s4u/krb5'
import type { ClientCertificate } from '../x509/client-certificate.js'
import type { CertificateOwner } from './require-owner.js'

/** What is asked of a directory: `openDirectory` of `@s4u/directory` makes one. */
export type MappingDirectory = Pick<Directory, 'search' | 'account'>

/** The part of it that is used here, where results are read whole. */
export interface AskedDirectory {
  search(...options: Parameters<Directory['search']>): Pick<ReturnType<Directory['search']>, 'all'>
  account: Directory['account']
}

/** More accounts than one with the same value are a fault; so many are read to tell of it. */
const MAX_FOUND = 10

/**
 * Finds the one account of the forest whose `altSecurityIdentities` has one of the values.
 * @throws RejectedTokenError KDC_ERR_CLIENT_NAME_MISMATCH where there is none or are two
 */
export async function ownerInDirectory(
  { fingerprint }: ClientCertificate,
  values: readonly string[],
  directory: AskedDirectory,
): Promise<CertificateOwner> {
  const conditions = values.map((value) => filter`(altSecurityIdentities=${value})`)
  const found = await directory
    .search({
      filter: `(&(objectClass=user)(|${conditions.join('')}))`,
      attributes: ['altSecurityIdentities'],
      globalCatalog: true,
      maxEntries: MAX_FOUND,
    })
    .all()
  if (found.length > 1)
    throw mismatch(
      `the certificate ${fingerprint} is that of several accounts: ${found.map(({ dn }) => dn).join('; ')}`,
      'Take its value out of altSecurityIdentities of all but one.',
    )
  const account = found[0] && (await directory.account(found[0].dn))
  if (account === undefined)
    throw mismatch(
      `the certificate ${fingerprint} is in the altSecurityIdentities of no account`,
      `Add one of these values to altSecurityIdentities of its owner: ${values.join(', ')}`,
    )
  // A directory may take other spaces, accents or forms of letters for equal.
  if (!hasOneOf(found[0], values))
    throw mismatch(
      `the certificate ${fingerprint} is in the altSecurityIdentities of ${found[0].dn} only in other letters`,
      `Write one of these values there as it stands here: ${values.join(', ')}`,
    )
  return { user: account.principal, ...(account.sid !== undefined && { sid: account.sid }) }
}

/** Capitals and small letters of ASCII are the same, as administrators write both. */
function hasOneOf(entry: DirectoryEntry, values: readonly string[]): boolean {
  const wanted = new Set(values.map(asciiLower))
  return entry.texts('altSecurityIdentities').some((value) => wanted.has(asciiLower(value)))
}

function mismatch(message: string, hint: string): RejectedTokenError {
  return new RejectedTokenError(message, { code: 'KDC_ERR_CLIENT_NAME_MISMATCH', hint })
}
