/**
 * Returns what all ways to write one account have in common: `alice` for `ALICE`, `alice@ad.test`
 * and `AD\alice`, without case and accents, as directories compare names. Attempts and used
 * passcodes are counted under it. Accounts of several domains may share it.
 *
 * @example
 * ```ts
 * import { userPartOf } from '@s4u/negotiate'
 *
 * console.log(userPartOf(String.raw`AD\ALICE`) === userPartOf('alice@ad.test')) // true
 * ```
 */
export function userPartOf(name: string): string {
  const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toUpperCase()
  // Capitals first: `ς` and `σ` have one, and `ß` has two, so that a name has one form.
  const folded = plain.toLowerCase().replaceAll('ς', 'σ').trim()
  const withoutDomain = folded.slice(folded.lastIndexOf('\\') + 1)
  const at = withoutDomain.indexOf('@', 1)
  return (at < 0 ? withoutDomain : withoutDomain.slice(0, at)).trim()
}
