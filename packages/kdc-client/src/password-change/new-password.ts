import { ConfigurationError } from '@s4u/krb5'

/**
 * Octets of a new password in UTF-8. A request counts its length with 16 bits and has a ticket of
 * some thousand octets beside it; Active Directory takes 256 characters.
 */
const MAX_PASSWORD = 4_096

/** @throws ConfigurationError for what would become another password on the way, or none */
export function requireNewPassword(password: unknown): string {
  if (typeof password !== 'string' || password === '')
    throw refused('must be a text that is not empty', 'Look whether the field of the form is there.')
  if (password.includes('\0')) throw refused('has a NUL in it, at which servers cut it off', 'Refuse it in the form.')
  if (/\p{Surrogate}/u.test(password))
    throw refused('has half a character in it (a lone surrogate), which UTF-8 cannot say', 'Refuse it in the form.')
  if (new TextEncoder().encode(password).length > MAX_PASSWORD)
    throw refused(`is longer than ${MAX_PASSWORD} octets`, 'Choose a shorter one.')
  return password
}

function refused(what: string, hint: string): ConfigurationError {
  return new ConfigurationError(`the new password ${what}`, { hint, status: 400 })
}
