/**
 * What caches are told of answers to callers who show a session. Caches do not keep answers to
 * requests with `Authorization` (RFC 9111 section 3.5). They do not know that a cookie or a
 * connection identifies a user, and would give one user the page of another.
 */

import type { ResponseHeaders } from './response.js'

/** For a caller who was known by a cookie, or whose answer sets one. */
export const NOT_CACHED: ResponseHeaders = Object.freeze({
  'Cache-Control': 'private, no-store',
  Vary: 'Authorization, Cookie',
})

/**
 * For a caller who was known by the connection: no header shows that, so no other request is like
 * it. RFC 9110 section 12.5.5.
 */
export const NEVER_CACHED: ResponseHeaders = Object.freeze({ 'Cache-Control': 'private, no-store', Vary: '*' })

/** For an unknown caller, whose answer would be another one with a session. */
export const varyingWith = ({ Vary }: ResponseHeaders): ResponseHeaders => (Vary === undefined ? {} : { Vary })
