import { ConfigurationError } from '@s4u/krb5'
import type { DirectoryAccount } from '../interface/directory-account.js'

/**
 * Refuses an account of another kind of directory: plans change attributes that only Active
 * Directory and Samba have, and those of a KDC in OpenLDAP are changed by its own programs.
 * @throws ConfigurationError
 */
export function requireActiveDirectoryAccount(
  what: string,
  account: Partial<Pick<DirectoryAccount, 'sid' | 'principal'>>,
): void {
  // A plan for a distinguished name alone is for whom it is.
  if (!('sid' in account) || account.sid !== undefined) return
  throw noActiveDirectory(what, account.principal)
}

export function noActiveDirectory(what: string, principal?: string): ConfigurationError {
  const of = principal === undefined ? '' : `: ${principal} has no SID`
  return new ConfigurationError(`${what}: this directory is no Active Directory${of}`, {
    hint: 'Change accounts of MIT with kadmin, those of FreeIPA with ipa. Only Active Directory and Samba are changed over LDAP here.',
  })
}
