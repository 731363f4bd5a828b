import {
  createAdapterNegotiator,
  type ImpersonationOption,
  type Mode,
  type Negotiator,
  type NegotiatorOptions,
  writeHeaders,
} from '@s4u/negotiate'
import type { Context, Middleware } from 'koa'
import type { CallerOfHandler } from './authentication.js'
import { gated } from './gated.js'
import { keepHeadersOnError, respondWith } from './respond.js'

declare module 'koa' {
  interface DefaultContext {
    /** The caller, set by `negotiate()`. See `Authentication` where there may be none. */
    identity: CallerOfHandler
  }
  interface DefaultState {
    identity: CallerOfHandler
  }
}

export interface NegotiateOptions extends Omit<NegotiatorOptions, 'mode'> {
  /**
   * Also by request: `(ctx) => (ctx.path === '/health' || ctx.state.user ? 'off' : 'required')`.
   */
  readonly mode?: Mode | ((ctx: Context) => Mode)
}

/**
 * The middleware, with the negotiator behind it for `identityFor`, sessions, counters and `ready`.
 */
export type NegotiateMiddleware = Middleware & {
  readonly negotiator: Negotiator
  /**
   * `impersonation()` for this middleware, where a process has several. @throws ConfigurationError
   */
  impersonation(option: ImpersonationOption): Middleware
}

/**
 * Answers 401 until the caller has authenticated, then sets `ctx.identity` and
 * `ctx.state.identity`. @throws ConfigurationError, MissingKeyError at once
 */
export function negotiate(options?: NegotiateOptions): NegotiateMiddleware {
  const { negotiator, modeFor } = createAdapterNegotiator<Context>(options)
  const middleware: Middleware = async (ctx, next) => {
    const mode = modeFor(ctx)
    const outcome = await negotiator.authenticate(ctx.req, { mode })
    if (outcome.status === 'challenge') return respondWith(ctx, outcome)
    writeHeaders(ctx.res, outcome.headers)
    if (outcome.status === 'authenticated') ctx.identity = ctx.state.identity = outcome.identity
    keepHeadersOnError(ctx, outcome.headers)
    return outcome.run(next)
  }
  return Object.assign(middleware, {
    negotiator,
    impersonation: (option: ImpersonationOption) => gated(negotiator.impersonation(option)),
  })
}
