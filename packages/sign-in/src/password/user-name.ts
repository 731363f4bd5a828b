import { RejectedTokenError } from '@s4u/negotiate'

/** Longer than any name of a user; Active Directory has 20 characters, and 113 before the @. */
export const MAX_USER_NAME = 256

/**
 * Requires what a user may type as a name: `alice`, `alice@corp.test`, `CORP\alice`. Names of
 * services (with a slash), controls and halves of characters are refused in the same way as a user
 * who does not exist.
 * @throws RejectedTokenError KDC_ERR_C_PRINCIPAL_UNKNOWN, 401
 */
export function requireUserName(name: string): void {
  const isWhole = name.length <= MAX_USER_NAME && !/[\p{C}/]/u.test(name)
  if (isWhole && (/^[^\\@]+(?:@[^\\@]+)?$/.test(name) || /^[^\\@]+\\[^\\@]+$/.test(name))) return
  throw new RejectedTokenError('what was given is no name of a user', {
    code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    hint: 'Names are written alice, alice@corp.test or CORP\\alice.',
  })
}
