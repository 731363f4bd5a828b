/**
 * What caches are told of answers to callers who show a session. They keep nothing of a request
 * with `Authorization` by themselves (RFC 9111 section 3.5); a cookie or a connection they do not
 * know for what it is, and would give one user the page of another.
 */

import type { ResponseHeaders } from './response.js'

/** Of a caller who was known by a cookie, or whose answer makes one. */
export const NOT_CACHED: ResponseHeaders = Object.freeze({
  'Cache-Control': 'private, no-store',
  Vary: 'Authorization, Cookie',
})

/**
 * Of a caller who was known by the connection, which no header shows: no other request is like it.
 * RFC 9110 section 12.5.5.
 */
export const NEVER_CACHED: ResponseHeaders = Object.freeze({ 'Cache-Control': 'private, no-store', Vary: '*' })

/** For an answer to somebody unknown, where a session might have made it another one. */
export const varyingWith = ({ Vary }: ResponseHeaders): ResponseHeaders => (Vary === undefined ? {} : { Vary })
