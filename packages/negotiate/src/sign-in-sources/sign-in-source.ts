/**
 * The interface of ways to sign in beside Negotiate. `@s4u/sign-in` has some; an app may write its
 * own. What holds for all of them stands in the negotiator and in `SignInSite`, not in the sources:
 * TLS, pages of other sites, sessions, counting, events.
 */

import type { S4uError } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { ResponseHeaders } from '../http/response.js'
import type { Session } from '../session/session-revocation.js'
import type { SignInLink } from './sign-in-link.js'
import type { SignInRequest } from './sign-in-request.js'
import type { SignInSite } from './sign-in-site.js'

/** A way to sign in, with its options, as `form()` or `basic()` returns it. */
export interface SignInSource {
  /** The name in events, counters and the audit: `form`. Letters, digits and hyphens. */
  readonly name: string
  /**
   * Those of its options that decide who is let in, as plain data. A session counts only for an app
   * whose sources have the same names and rules.
   */
  readonly rules?: unknown
  /**
   * Called once by each negotiator that is given the source.
   * @throws ConfigurationError where the source does not fit the negotiator
   */
  open(site: SignInSite): OpenedSignInSource
}

/** A source at work for one negotiator. */
export interface OpenedSignInSource {
  /** Whether credentials may come over TLS only. Default `true`: others are refused unseen. */
  readonly requireTls?: boolean
  /**
   * Whether a browser adds what this source reads by itself, also for a page of another site: a
   * cookie, a password that it remembers, a client certificate. Default `true`: such requests are
   * judged by `crossSite`.
   */
  readonly ambient?: boolean
  /**
   * Called for every request before anything in it is believed, to take away what the client may
   * not bring along (a header that only a named proxy may set).
   */
  screen?(request: SignInRequest): void
  /**
   * Whether the request brings something for this source, which then decides about the request.
   * Asked in the order of `signIn`. Decided at once, from headers, path and connection.
   *
   * For a request with a Negotiate token it is asked only below `signInOptions.path`; elsewhere
   * `takesToken` is.
   */
  brings(request: SignInRequest): boolean
  /**
   * Whether a token of `Negotiate` is for this source, since it has another mechanism than Kerberos
   * in it. Without this method none is. Decided at once; the acceptor of Kerberos gets the others.
   */
  takesToken?(token: Uint8Array, request: SignInRequest): boolean
  /**
   * Judges what the request brings.
   * @throws S4uError: one with the status 500 goes on to the app, others refuse the caller
   */
  signIn(request: SignInRequest): Promise<SignInResult>
  /** Returns what an unknown caller is offered. Without it: nothing. */
  offer?(request: SignInRequest): SignInOffer
  /** Returns where to go after a sign-out; undefined where the source does not mind. */
  signedOut?(request: SignInRequest, session: Session | undefined): SignInAnswer | undefined
  /** Resolves when the source can work. @throws ConfigurationError */
  ready?(): Promise<void>
  close?(): void
}

/** What became of what a request brought. */
export type SignInResult =
  | SignedIn
  | SignInRefused
  /** Another step: a page, a redirect, a challenge. */
  | { readonly status: 'answer'; readonly answer: SignInAnswer }

/** The source knows the caller. */
export interface SignedIn {
  readonly status: 'signed-in'
  readonly identity: CallerIdentity
  /** For the answer to the client, whatever the handler makes of the request. */
  readonly headers?: ResponseHeaders
  /**
   * A path of this site to go to (303), after a form or a callback. The request ends there, so a
   * session must begin. Without it the handler runs.
   */
  readonly location?: string
  /**
   * Whether a session begins, and how long it lasts at most, milliseconds. Default: as the option
   * `session` says; a session of the same user, in the same way, goes on.
   */
  readonly session?: false | { readonly maxAge?: number }
}

/** The source refuses the caller. */
export interface SignInRefused {
  readonly status: 'refused'
  /** For events and the log. The caller is told its status only. */
  readonly error: S4uError
  /** What the caller sees. Default: the offers of all sources, or a sentence. */
  readonly answer?: SignInAnswer
}

/** An answer in place of the handler's. */
export interface SignInAnswer {
  readonly statusCode: number
  readonly headers: ResponseHeaders
  readonly body: string
}

/** What an unknown caller is offered. */
export interface SignInOffer {
  /** Lines of WWW-Authenticate, each a scheme with its parameters. */
  readonly challenges?: readonly string[]
  /**
   * Returns the page for a person at a browser; of several sources that have one the first counts.
   * With the status 401 it goes out with `WWW-Authenticate: Negotiate` and the challenges of the
   * sources in front of it: a browser that has a ticket never shows it. Any other answer, such as a
   * redirect, goes out alone. Links to other ways are those of `SignInSite.links`.
   */
  readonly page?: () => SignInAnswer
  /** How the page of another source leads to this one. */
  readonly link?: SignInLink
}
