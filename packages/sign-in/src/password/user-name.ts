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

/**
 * Returns what all ways to write one account have in common: `alice` for `ALICE`, `alice@ad.test`
 * and `AD\alice`, without case and accents, as directories compare names. Accounts of several
 * domains may share it.
 */
export function userPartOf(name: string): string {
  const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toUpperCase()
  // Capitals first: `ς` and `σ` have one, and `ß` has two, so that a name has one form.
  const folded = plain.toLowerCase().replaceAll('ς', 'σ').trim()
  const [withoutDomain = ''] = folded.split('\\').slice(-1)
  const at = withoutDomain.indexOf('@', 1)
  return (at < 0 ? withoutDomain : withoutDomain.slice(0, at)).trim()
}
