import type { S4uError } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Session } from '../session/session-revocation.js'

/**
 * What a negotiator reads of a request. A `node:http` IncomingMessage fits, and so does the HTTP/2
 * one.
 */
export interface NegotiableRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Absent counts as one that changes something. */
  readonly method?: string | undefined
  readonly httpVersionMajor?: number
  /**
   * The connection. Several legs, connection-bound sessions and channel bindings need the real one.
   */
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined
}

/**
 * Headers to add to the response, whatever its status: see `writeHeaders`. Several values are
 * several header lines.
 */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>

/** Runs what comes next: as the caller, where the options say so. */
export type Runner = <T>(next: () => T) => T

export type Outcome = Authenticated | Anonymous | Challenge

/**
 * Go on, and set these headers on the response, whatever its status: they prove to the client who
 * answers.
 */
export interface Authenticated {
  readonly status: 'authenticated'
  readonly identity: CallerIdentity
  /** What the identity was taken from. */
  readonly by: 'token' | 'session' | 'connection'
  /** Of a caller who was known by a cookie or a connection. */
  readonly session?: Session
  readonly headers: ResponseHeaders
  readonly run: Runner
}

/** Go on without an identity: authentication is optional or off, or another scheme is in use. */
export interface Anonymous {
  readonly status: 'anonymous'
  readonly headers: ResponseHeaders
  readonly run: Runner
}

/**
 * Send this: see `respond`. `error` is for the log, never for the client; absent when there was
 * just no token yet.
 */
export interface Challenge {
  readonly status: 'challenge'
  /**
   * 400 for a header that is none, 401 to (re)authenticate, 403 for a caller who is known and not
   * wanted, or a page of another site, 503 while nobody can tell whether a token is a replay.
   */
  readonly statusCode: 400 | 401 | 403 | 503
  readonly headers: ResponseHeaders
  readonly body: string
  readonly error?: S4uError
  /**
   * Over HTTP/2: reset the stream with HTTP_1_1_REQUIRED in place of an answer. RFC 9113 section 7.
   */
  readonly http1Required?: boolean
}

/** What a check of one route came to. */
export type Verdict = { readonly status: 'pass'; readonly run: Runner } | Challenge

/**
 * A check of one route, for adapters to make a middleware of. `identity` is the request's, as the
 * app has it.
 */
export type Gate = (request: NegotiableRequest, identity: CallerIdentity | undefined) => Verdict

/** Changes nothing. */
export const runPlainly: Runner = (next) => next()

/** The one value of a header; the first where a peer sent it twice. */
export function headerOf({ headers }: NegotiableRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}
