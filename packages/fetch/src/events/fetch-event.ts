import type { Notice } from '@s4u/kdc-client'

/** Holds no token, ticket, path or query. */
export interface FetchEventSubject {
  /** `https://api.ad.test`, or that of the proxy. */
  readonly origin: string
  /** `HTTP/api.ad.test` */
  readonly service: string
  /** In whose name: `alice@AD.TEST`. */
  readonly client: string
  /** Its SID, where whoever gave the tickets told it. */
  readonly clientSid?: string
  readonly status: number
}

/**
 * Why nothing was forwarded to a service, though the app allows it: the service, or the user,
 * cannot be delegated.
 */
export type NotForwarded =
  | { readonly reason: 'service-not-trusted' }
  /** `code` is the KDC's word, `KDC_ERR_BADOPTION`. */
  | { readonly reason: 'user-not-delegable'; readonly code: string }
  /** `forwardTgt` had nothing. */
  | { readonly reason: 'nothing-to-forward' }

export type FetchEvent =
  | (FetchEventSubject & { readonly kind: 'authenticated'; readonly legs: number; readonly serverProven: boolean })
  /** The backend did not take the ticket; `code` is its reason, if it gave one. */
  | (FetchEventSubject & { readonly kind: 'refused'; readonly legs: number; readonly code?: string })
  /**
   * The backend answers the ticket by asking for something else: `['Basic', 'Bearer']`. Its answer
   * goes to the caller as it is.
   */
  | (FetchEventSubject & { readonly kind: 'other-scheme-wanted'; readonly schemes: readonly string[] })
  /** The response was not handed out. */
  | (FetchEventSubject & { readonly kind: 'server-not-proven'; readonly code: string })
  /**
   * An error that nobody has proved was handed out, since `mutualAuthentication` is `optional`:
   * `sanitized` tells whether its headers and its body were taken off.
   */
  | (FetchEventSubject & { readonly kind: 'error-not-proven'; readonly sanitized: boolean })
  /**
   * A server that should ask for a token did not, and so proved nothing; no token went to it. The
   * response was not handed out, unless it is an error and `mutualAuthentication` is `optional`.
   */
  | (Omit<FetchEventSubject, 'client'> & { readonly kind: 'server-not-asking'; readonly code: string })
  /**
   * The app allows `delegation`, and the service got no ticket-granting ticket: it, or the user,
   * cannot be delegated. It got what `impersonation` gives.
   */
  | (Omit<FetchEventSubject, 'status'> & { readonly kind: 'not-forwarded' } & NotForwarded)
  /** The service has another key than the KDC sealed the ticket with; a fresh ticket is tried. */
  | (FetchEventSubject & { readonly kind: 'stale-ticket'; readonly code: string })
  | Notice
