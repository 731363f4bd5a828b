import {
  createAdapterNegotiator,
  type ImpersonationOption,
  type Mode,
  type Negotiator,
  type NegotiatorOptions,
  setCaller,
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

/** Options of `negotiate`: those of a negotiator, with a `mode` that may depend on the request. */
export interface NegotiateOptions extends Omit<NegotiatorOptions, 'mode'> {
  /**
   * The mode of each request; a function answers at once: `(ctx) => (ctx.path === '/health' ||
   * ctx.state.user ? 'off' : 'required')`. Default `required`.
   */
  readonly mode?: Mode | ((ctx: Context) => Mode)
}

/** The middleware, and its negotiator with `identityFor`, sessions, counters and `ready`. */
export type NegotiateMiddleware = Middleware & {
  readonly negotiator: Negotiator
  /**
   * Returns `impersonation()` of this middleware: use it in place of the free function where a
   * process has several.
   * @throws ConfigurationError
   */
  impersonation(option: ImpersonationOption): Middleware
}

/**
 * Returns a middleware that answers 401 until the caller has authenticated, and then sets
 * `ctx.identity` and `ctx.state.identity`.
 *
 * ```ts
 * import { negotiate } from '@s4u/koa'
 * import Koa from 'koa'
 *
 * const app = new Koa()
 * app.use(negotiate({ keytab: 'api.keytab' }))
 * app.use((ctx) => {
 *   ctx.body = `Hello ${ctx.identity.principal}`
 * })
 * ```
 *
 * @throws ConfigurationError, MissingKeyError at once
 */
export function negotiate(options?: NegotiateOptions): NegotiateMiddleware {
  const { negotiator, modeFor } = createAdapterNegotiator<Context>(options)
  const middleware: Middleware = async (ctx, next) => {
    const mode = modeFor(ctx)
    const outcome = await negotiator.authenticate(ctx.req, { mode, url: ctx.originalUrl, body: bodyOf(ctx.request) })
    if (outcome.status === 'challenge') return respondWith(ctx, outcome)
    writeHeaders(ctx.res, outcome.headers)
    for (const holder of [ctx, ctx.state]) setCaller(holder, outcome)
    keepHeadersOnError(ctx, outcome.headers)
    return outcome.run(next)
  }
  return Object.assign(middleware, {
    negotiator,
    impersonation: (option: ImpersonationOption) => gated(negotiator.impersonation(option)),
  })
}

/** What a body parser in front has read. Koa has none of its own. */
function bodyOf(request: object | undefined): unknown {
  return request !== undefined && 'body' in request ? request.body : undefined
}
