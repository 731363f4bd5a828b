import type { CallerIdentity } from '@s4u/negotiate'
import type { Strategy } from 'passport-strategy'

/** A request of Express. */
export type Request = Parameters<Strategy['authenticate']>[0]

/**
 * Returns the user of an app for a caller who has authenticated, as Passport's other strategies do
 * it: `done(null, user)`; `done(null, false, info)` where the app does not know the caller, which
 * is answered with 403; `done(error)`. A function that returns a promise of the user, and takes no
 * `done`, works too.
 */
export type Verify = (
  identity: CallerIdentity,
  done: VerifyDone,
  request: Request,
) => void | Promise<object | false | undefined>

/** How a function for `verify` tells what it found. */
export type VerifyDone = (error: unknown, user?: object | false | null, info?: unknown) => void

/** What `verify` found: a user, or none. */
export interface Verified {
  readonly user: object | undefined
  readonly info: unknown
}

/** Asks `verify` for the user of a caller. Without it, the caller is the user. */
export function verifyCaller(
  verify: Verify | undefined,
  identity: CallerIdentity,
  request: Request,
): Promise<Verified> {
  if (verify === undefined) return Promise.resolve({ user: identity, info: undefined })
  return new Promise((resolve, reject) => {
    const done: VerifyDone = (error, user, info) => {
      if (error !== null && error !== undefined) reject(error)
      else resolve({ user: user || undefined, info })
    }
    // A promise is an answer where the function takes no `done`; an async one may take it too.
    const result = verify(identity, done, request)
    if (result instanceof Promise) result.then((user) => verify.length < 2 && done(null, user), reject)
  })
}
