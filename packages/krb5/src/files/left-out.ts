/**
 * Records of a keytab or a credential cache that could not be read. One odd record, which may not
 * be needed at all, must not make the others useless: it is listed in `leftOut`, and errors about
 * something missing name it.
 */

import { MalformedTokenError } from '../errors/errors.js'
import type { Notice } from '../journal/notice.js'
import { formatPrincipal, type Principal } from '../names/principal.js'

/** One record that could not be read. */
export interface LeftOut {
  /** The record, counted from 0: `entries[3]`. */
  readonly record: string
  /** The name in the record, if it could be read: `HTTP/web.ad.test@AD.TEST`. */
  readonly name: string | undefined
  /** The reason: `expected 16 octets for aes128-cts-hmac-sha1-96, found 0 octets`. */
  readonly why: string
}

/**
 * Returns the notice that tells which records were left out; undefined if there are none.
 *
 * @param source what errors call the file
 *
 * @example
 * ```ts
 * import { Keytab, noticeOfLeftOut } from '@s4u/krb5'
 *
 * export function warnOf(keytab: Keytab): void {
 *   const notice = noticeOfLeftOut('keytab', 'web.keytab', keytab.leftOut)
 *   if (notice !== undefined) console.warn(notice.message, notice.hint)
 * }
 * ```
 */
export function noticeOfLeftOut(
  file: 'keytab' | 'credential cache',
  source: string,
  leftOut: readonly LeftOut[],
): Notice | undefined {
  if (leftOut.length === 0) return undefined
  const [code, tool] = file === 'keytab' ? ['S4U_KEYTAB_RECORD', 'klist -k -e'] : ['S4U_CCACHE_ENTRY', 'klist -e']
  return {
    kind: 'notice',
    level: 'warn',
    code,
    message: `${source}${andLeftOut(leftOut).replace('; ', ': ')}`,
    hint: `Everything else in it is used. Write the ${file} anew if one of these is needed: ${tool} shows what is in it.`,
  }
}

/**
 * Returns the end of an error message:
 * `; left out as unreadable: entries[3] of HTTP/web.ad.test@AD.TEST (expected …, found …)`. Empty
 * if nothing was left out.
 *
 * @example
 * ```ts
 * import { andLeftOut, type Keytab } from '@s4u/krb5'
 *
 * export const describe = (keytab: Keytab) => `no key of web${andLeftOut(keytab.leftOut)}`
 * ```
 */
export function andLeftOut(leftOut: readonly LeftOut[]): string {
  if (leftOut.length === 0) return ''
  const shown = leftOut.slice(0, MAX_SHOWN).map(describeLeftOut).join(', ')
  const more = leftOut.length > MAX_SHOWN ? ` and ${leftOut.length - MAX_SHOWN} more` : ''
  return `; left out as unreadable: ${shown}${more}`
}

/** Returns `entries[3] of HTTP/web.ad.test@AD.TEST (expected …, found …)`. */
export function describeLeftOut({ record, name, why }: LeftOut): string {
  return `${record}${name === undefined ? '' : ` of ${name}`} (${why})`
}

/** The most records that an error lists: people read it. */
const MAX_SHOWN = 10

/**
 * Returns the name in an unreadable record, for messages, if it looks like a name. The fields of a
 * damaged record may be shifted, so that octets of a key stand where the name should be: those must
 * not be shown.
 */
export function legibleName(principal: Principal): string | undefined {
  const { name, realm } = principal
  return [realm, ...name.nameString].every((part) => NAME_PART.test(part)) ? formatPrincipal(principal) : undefined
}

/**
 * Matches about half of all octets. So one of 250 keys of eight octets, the shortest, could pass,
 * and practically none of the longer ones.
 */
const NAME_PART = /^[\p{L}\p{N}._$:-]{1,255}$/u

/**
 * Returns the entry for `leftOut` from the error with which reading a record ended. Another error
 * is thrown again.
 */
export function leftOutFor(record: string, name: string | undefined, error: unknown): LeftOut {
  if (!(error instanceof MalformedTokenError)) throw error
  const { path, expected, found } = error
  const field = path.split(`${record}.`)[1]
  return Object.freeze({
    record,
    name,
    why: `${field === undefined ? '' : `${field}: `}expected ${expected}, found ${found}`,
  })
}
