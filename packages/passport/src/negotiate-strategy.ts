import {
  type CallerIdentity,
  type Challenge,
  ConfigurationError,
  createNegotiator,
  type Mode,
  type Negotiator,
  type NegotiatorOptions,
  type Outcome,
  respond,
  setCaller,
  writeHeaders,
} from '@s4u/negotiate'
import { Strategy } from 'passport-strategy'
import { type Request, type Verify, verifyCaller } from './verify.js'

/** Options of `passport.authenticate('negotiate', …)` that this strategy reads. */
export interface RouteOptions {
  /** The mode of this route. Default: that of the strategy. */
  readonly mode?: Mode
}

/**
 * A strategy of Passport for callers with Kerberos tickets, by the name `negotiate`.
 *
 * ```ts
 * import { NegotiateStrategy } from '@s4u/passport'
 * import express from 'express'
 * import passport from 'passport'
 *
 * passport.use(new NegotiateStrategy({ keytab: 'web.keytab' }))
 * const app = express()
 * app.use(passport.authenticate('negotiate', { session: false }))
 * ```
 *
 * - `success`: the caller has authenticated, and `verify` has found a user. Without `verify` the
 *   user is the `CallerIdentity`. `req.identity` is the caller, and the proof of this service is in
 *   the response.
 * - `fail`: 401 with `WWW-Authenticate`, so that other strategies of a list are tried; 403 where
 *   `verify` has found no user.
 * - `pass`: nobody has authenticated, and `mode` lets unknown callers through.
 * - `error`: what is no fault of the caller, such as a KDC that cannot be reached.
 *
 * The strategy itself answers where no other strategy can help: 400 for a header that cannot be
 * read, 403 for a page of another site. It also answers the 401 itself if the options `challenge`
 * or `signIn` define its body.
 */
export class NegotiateStrategy extends Strategy {
  readonly name = 'negotiate'
  /** `identityFor`, sessions, counters and `ready`. */
  readonly negotiator: Negotiator
  // Passport calls `authenticate` on an object made from this one for each request, where private
  // fields are missing.
  readonly verify: Verify | undefined
  readonly has401Body: boolean

  /** @throws ConfigurationError, MissingKeyError at once */
  constructor(options?: NegotiatorOptions, verify?: Verify) {
    super()
    if (verify !== undefined && typeof verify !== 'function')
      throw new ConfigurationError('NegotiateStrategy: verify must be a function', {
        hint: 'Write new NegotiateStrategy(options, (identity, done) => done(null, user)).',
      })
    this.negotiator = createNegotiator(options)
    this.verify = verify
    this.has401Body = saysSo(options, 'challenge') || saysSo(options, 'signIn')
  }

  override authenticate(req: Request, route: RouteOptions = {}): void {
    // Passport gives an object of its own here. What `Object.prototype` has must not open the
    // route.
    const mode = saysSo(route, 'mode') && { mode: route.mode }
    const options = { ...mode, url: req.originalUrl, body: req.body }
    this.negotiator
      .authenticate(req, options)
      .then((outcome) => this.judge(req, outcome))
      .catch((error: Error) => this.error(error))
  }

  /** Tells Passport the outcome. @internal */
  async judge(req: Request, outcome: Outcome): Promise<void> {
    const { res } = req
    if (res === undefined)
      throw new ConfigurationError('NegotiateStrategy needs the `res` of the request, as in Express')
    if (outcome.status === 'challenge') return this.refuse(res, outcome)
    writeHeaders(res, outcome.headers)
    const holder: Request & { identity?: CallerIdentity | undefined } = req
    if (outcome.status === 'anonymous') {
      setCaller(holder, outcome)
      return outcome.run(() => this.pass())
    }
    const { identity } = outcome
    const { user, info } = await verifyCaller(this.verify, identity, req)
    // A 401 would make a browser ask for another token, and this one was right.
    if (user === undefined) return this.fail(info, 403)
    setCaller(holder, outcome)
    outcome.run(() => this.success(user, info))
  }

  /** @internal */
  refuse(res: NonNullable<Request['res']>, challenge: Challenge): void {
    const { statusCode, headers, http1Required, error } = challenge
    if (statusCode === 503 && error !== undefined) return this.error(error)
    if (statusCode !== 401 || http1Required || this.has401Body) return respond(res, challenge)
    const { 'WWW-Authenticate': offers = [], 'Content-Type': _ofBody, ...others } = headers
    // These headers stay even if another strategy accepts the caller: they tell caches that the
    // answer depends on the caller.
    writeHeaders(res, others)
    this.fail([offers].flat().join(', '), statusCode)
  }
}

/** Tells whether options say something themselves, and not `Object.prototype` in their place. */
function saysSo<T extends object>(options: T | undefined, name: keyof T & string): boolean {
  return options?.[name] !== undefined && !(name in Object.prototype)
}
