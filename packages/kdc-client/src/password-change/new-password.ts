import { ConfigurationError } from '@s4u/krb5'

/**
 * The most octets of a new password in UTF-8. A request has its length in 16 bits, and contains a
 * ticket of some thousand octets as well; Active Directory accepts 256 characters.
 */
const MAX_PASSWORD = 4_096

/**
 * Returns the new password, if it reaches the server unchanged.
 *
 * @throws ConfigurationError for a value that is no password, or would become another one on the
 * way
 */
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
