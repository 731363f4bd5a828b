import type { S4uError } from '@s4u/kdc-client'

/**
 * Headers to add to the response, whatever its status: see `writeHeaders`. Several values are
 * several header lines.
 */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>

/**
 * An answer to send in place of the handler's: see `respond`. `error` is for the log, and never for
 * the client; it is absent where the caller has only not authenticated yet.
 */
export interface Challenge {
  readonly status: 'challenge'
  /**
   * 400 for a header that cannot be read, 401 to authenticate (again), 403 for a known caller whom
   * the route does not let in, or for a page of another site, 503 while the replay store cannot
   * tell whether a token is a replay. Sources of `signIn` have others too: 200 for a page, 303 for
   * a redirect, 429 for too many attempts.
   */
  readonly statusCode: number
  readonly headers: ResponseHeaders
  readonly body: string
  readonly error?: S4uError
  /**
   * Over HTTP/2: reset the stream with HTTP_1_1_REQUIRED in place of an answer. RFC 9113 section 7.
   */
  readonly http1Required?: boolean
}
