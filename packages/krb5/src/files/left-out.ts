/**
 * What a file of keys or tickets holds and could not be read: one odd record, that perhaps nobody needs, does not make the others useless.
 * It is told in `leftOut`, and in the error of whoever looks for something that is not there.
 */

import { MalformedTokenError } from '../errors/errors.js'
import type { Notice } from '../journal/notice.js'
import { formatPrincipal, type Principal } from '../names/principal.js'

export interface LeftOut {
  /** Which one, counted from 0: `entries[3]`. */
  readonly record: string
  /** Whose it is, as far as that could be read: `HTTP/web.ad.test@AD.TEST`. */
  readonly name: string | undefined
  /** `expected 16 octets for aes128-cts-hmac-sha1-96, found 0 octets` */
  readonly why: string
}

/** For whoever reads along; undefined where nothing was left out. `source` is what errors call the file. */
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

/** For the end of an error: `; left out: entries[3] of HTTP/web.ad.test@AD.TEST (expected …, found …)`. Empty where nothing was. */
export function andLeftOut(leftOut: readonly LeftOut[]): string {
  if (leftOut.length === 0) return ''
  const shown = leftOut.slice(0, MAX_SHOWN).map(describeLeftOut).join(', ')
  const more = leftOut.length > MAX_SHOWN ? ` and ${leftOut.length - MAX_SHOWN} more` : ''
  return `; left out as unreadable: ${shown}${more}`
}

/** `entries[3] of HTTP/web.ad.test@AD.TEST (expected …, found …)` */
export function describeLeftOut({ record, name, why }: LeftOut): string {
  return `${record}${name === undefined ? '' : ` of ${name}`} (${why})`
}

/** Errors are for people. */
const MAX_SHOWN = 10

/**
 * Of a record that cannot be read, for people. Where its fields are may be wrong as well, and octets of a key would stand in the place of
 * a name: what does not look like one is not shown.
 */
export function legibleName(principal: Principal): string | undefined {
  const { name, realm } = principal
  return [realm, ...name.nameString].every((part) => NAME_PART.test(part)) ? formatPrincipal(principal) : undefined
}

/** Half of the octets that there are, so that of a key of eight, the shortest, one in 250 would pass, and of longer ones none. */
const NAME_PART = /^[\p{L}\p{N}._$:-]{1,255}$/u

/** Of the error in which reading a record ended; what is none of ours goes on. */
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
