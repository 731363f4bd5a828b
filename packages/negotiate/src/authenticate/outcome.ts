import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Challenge, ResponseHeaders } from '../http/response.js'
import type { Session } from '../session/session-revocation.js'

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
  /** Nobody is known, so that `outcome.identity?.principal` needs no other check. */
  readonly identity?: undefined
  readonly headers: ResponseHeaders
  readonly run: Runner
}

/** Changes nothing. */
export const runPlainly: Runner = (next) => next()
