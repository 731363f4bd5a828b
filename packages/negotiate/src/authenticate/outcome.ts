import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Challenge, ResponseHeaders } from '../http/response.js'
import type { Session } from '../session/session-revocation.js'

/** Runs the handler: as the caller, where the options say so. */
export type Runner = <T>(next: () => T) => T

/**
 * What `authenticate` resolves to: the caller is known, may stay unknown, or must answer a
 * challenge.
 */
export type Outcome = Authenticated | Anonymous | Challenge

/**
 * The caller is known. Set these headers on the response, whatever its status: they prove the
 * identity of the server to the client.
 */
export interface Authenticated {
  readonly status: 'authenticated'
  readonly identity: CallerIdentity
  /** What the identity was taken from. */
  readonly by: 'token' | 'session' | 'connection' | 'sign-in'
  /** The name of the source, where the caller was known by one (`sign-in`): `basic`. */
  readonly source?: string
  /**
   * The session of the caller: the one that the request showed, or that this answer begins. Absent
   * where there is neither.
   */
  readonly session?: Session
  readonly headers: ResponseHeaders
  readonly run: Runner
}

/**
 * The caller is unknown and may pass: authentication is optional or off, or the request is a
 * preflight.
 */
export interface Anonymous {
  readonly status: 'anonymous'
  /** Always undefined, so that `outcome.identity?.principal` compiles without another check. */
  readonly identity?: undefined
  /** The mode is `off`: nothing was looked at, and whom an app in front knows is still known. */
  readonly isOff?: true
  readonly headers: ResponseHeaders
  readonly run: Runner
}

/**
 * Sets the caller of a request, for an adapter. Behind a negotiator its own verdict counts: where
 * it lets an unknown caller through, nobody is known, whomever a negotiator in front knows; its
 * options may believe fewer. Where its mode is `off`, nothing changes.
 *
 * ```ts
 * import { type CallerIdentity, createNegotiator, setCaller } from '@s4u/negotiate'
 *
 * const negotiator = createNegotiator({ keytab: 'web.keytab', mode: 'optional' })
 * const state: { identity?: CallerIdentity | undefined } = {}
 * const outcome = await negotiator.authenticate({ headers: {} })
 * if (outcome.status !== 'challenge') setCaller(state, outcome)
 * ```
 *
 * @param holder of the framework: its request or context
 */
export function setCaller(
  holder: { identity?: CallerIdentity | undefined },
  outcome: Pick<Authenticated, 'status' | 'identity'> | Pick<Anonymous, 'status' | 'isOff'>,
): void {
  // What a library has put into `Object.prototype` is nobody's verdict.
  if (Object.hasOwn(outcome, 'isOff')) return
  holder.identity = outcome.status === 'authenticated' ? outcome.identity : undefined
}

/** Runs the handler and changes nothing. */
export const runPlainly: Runner = (next) => next()
