import type { Notice } from '@s4u/kdc-client'

/** What every event says. No event contains a token, a ticket, a path or a query. */
export interface FetchEventSubject {
  /** The origin of the backend, or of the proxy: `https://api.ad.test`. */
  readonly origin: string
  /** The service principal name: `HTTP/api.ad.test`. */
  readonly service: string
  /** The client of the ticket: `alice@AD.TEST`. */
  readonly client: string
  /** The SID of the client, where it is known. */
  readonly clientSid?: string
  /** The HTTP status of the answer. */
  readonly status: number
}

/**
 * Why no ticket-granting ticket was forwarded although the app permits it: the service, or the
 * user, cannot be delegated.
 */
export type NotForwarded =
  /** The service is not trusted for delegation: its ticket lacks ok-as-delegate. */
  | { readonly reason: 'service-not-trusted' }
  /** `code` is that of the KDC: `KDC_ERR_BADOPTION`. */
  | { readonly reason: 'user-not-delegable'; readonly code: string }
  /** `forwardTgt` returned undefined. */
  | { readonly reason: 'nothing-to-forward' }

/** What happened to a request with a token. */
export type FetchEvent =
  /** The backend took the ticket. `serverProven`: it has shown that it could open the ticket. */
  | (FetchEventSubject & { readonly kind: 'authenticated'; readonly legs: number; readonly serverProven: boolean })
  /** The backend refused the ticket; `code` is its reason, if it gave one. */
  | (FetchEventSubject & { readonly kind: 'refused'; readonly legs: number; readonly code?: string })
  /**
   * The backend does not offer Negotiate, and asks for something else: `['Basic', 'Bearer']`. The
   * caller gets its answer as it is.
   */
  | (FetchEventSubject & { readonly kind: 'other-scheme-wanted'; readonly schemes: readonly string[] })
  /** The server did not prove itself, and its response was not handed out. */
  | (FetchEventSubject & { readonly kind: 'server-not-proven'; readonly code: string })
  /**
   * An unproven error was handed out, because `mutualAuthentication` is `optional`. `sanitized`
   * tells whether its headers and its body were removed.
   */
  | (FetchEventSubject & { readonly kind: 'error-not-proven'; readonly sanitized: boolean })
  /**
   * A server that should ask for a token did not, so it proved nothing and got no token. The
   * response was not handed out, unless it is an error and `mutualAuthentication` is `optional`.
   */
  | (Omit<FetchEventSubject, 'client'> & { readonly kind: 'server-not-asking'; readonly code: string })
  /**
   * The app permits `delegation`, and the service got no ticket-granting ticket, because the
   * service or the user cannot be delegated. The service got what `impersonation` gives.
   */
  | (Omit<FetchEventSubject, 'status'> & { readonly kind: 'not-forwarded' } & NotForwarded)
  /**
   * The service has another key than the one that the KDC sealed the ticket with; a new ticket is
   * tried.
   */
  | (FetchEventSubject & { readonly kind: 'stale-ticket'; readonly code: string })
  | Notice
