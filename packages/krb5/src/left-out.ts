/**
 * What a file of keys or tickets holds and could not be read: one odd record, that perhaps nobody needs, does not make the others useless.
 * It is told in `leftOut`, and in the error of whoever looks for something that is not there.
 */

import { MalformedTokenError } from './errors.js'

export interface LeftOut {
  /** Which one, counted from 0: `entries[3]`. */
  readonly record: string
  /** Whose it is, as far as that could be read: `HTTP/web.ad.test@AD.TEST`. */
  readonly name: string | undefined
  /** `expected 16 octets for aes128-cts-hmac-sha1-96, found 0 octets` */
  readonly why: string
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
