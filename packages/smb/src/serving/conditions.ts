import fresh from 'fresh'
import parseRange from 'range-parser'
import type { Validators } from './validators.js'

/** Looks up a header of a request by its name in small letters. */
export type HeaderOf = (name: string) => string | undefined

/** Octets of a file that are to be sent, both ends included. */
export interface Part {
  readonly start: number
  readonly end: number
}

/** What the conditions of a request come to. */
export type Selection =
  | { readonly status: 200 }
  | { readonly status: 206; readonly part: Part }
  | { readonly status: 304 | 412 | 416 }

/**
 * Evaluates the conditions of a request in the order of RFC 9110 section 13.2.2, and its range.
 *
 * A request for several ranges gets the whole file: browsers ask for one, and the boundary of
 * several would have to be found in contents that we do not know. A range counts for GET alone
 * (RFC 9110 section 14.2).
 */
export function selectionOf(method: 'GET' | 'HEAD', header: HeaderOf, validators: Validators, size: number): Selection {
  if (!isAsExpected(header, validators)) return { status: 412 }
  if (isKnown(header, validators)) return { status: 304 }
  const range = header('range')
  if (method !== 'GET' || range === undefined || !mayBePart(header('if-range'), validators)) return { status: 200 }
  const parts = parseRange(size, range, { combine: true })
  if (parts === -1) return { status: 416 }
  if (parts === -2 || parts.type !== 'bytes' || parts.length !== 1) return { status: 200 }
  return { status: 206, part: { start: parts[0].start, end: parts[0].end } }
}

/** If-Match, else If-Unmodified-Since. RFC 9110 sections 13.1.1 and 13.1.4. */
function isAsExpected(header: HeaderOf, { etag, lastModified }: Validators): boolean {
  const match = header('if-match')
  if (match !== undefined) return match.trim() === '*' || (isStrong(etag) && tagsOf(match).includes(etag))
  const since = Date.parse(header('if-unmodified-since') ?? '')
  return Number.isNaN(since) || Date.parse(lastModified) <= since
}

/** If-None-Match, else If-Modified-Since. RFC 9110 sections 13.1.2 and 13.1.3. */
function isKnown(header: HeaderOf, { etag, lastModified }: Validators): boolean {
  const asked = ['if-none-match', 'if-modified-since', 'cache-control'].map((name) => [name, header(name)])
  return fresh(Object.fromEntries(asked), { etag, 'last-modified': lastModified })
}

/** If-Range: only a strong tag, or the very time. RFC 9110 section 13.1.5. */
function mayBePart(ifRange: string | undefined, { etag, lastModified }: Validators): boolean {
  if (ifRange === undefined) return true
  return isStrong(etag) && (ifRange === etag || ifRange === lastModified)
}

const isStrong = (etag: string): boolean => etag.startsWith('"')

const tagsOf = (list: string): readonly string[] => list.split(',').map((tag) => tag.trim())
