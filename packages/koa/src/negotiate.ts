import { type CallerIdentity, createNegotiator, type Negotiator, type NegotiatorOptions } from '@s4u/negotiate'
import type { Middleware } from 'koa'

declare module 'koa' {
  interface DefaultContext {
    /** The caller. Set by `negotiate()`; undefined where authentication is optional and there was none. */
    identity: CallerIdentity
  }
  interface DefaultState {
    identity: CallerIdentity
  }
}

/** The middleware, with the negotiator behind it for `identityFor` and `ready`. */
export type NegotiateMiddleware = Middleware & { readonly negotiator: Negotiator }

/** Answers 401 until the caller has authenticated, then sets `ctx.identity` and `ctx.state.identity`. @throws ConfigurationError, MissingKeyError at once */
export function negotiate(options: NegotiatorOptions = {}): NegotiateMiddleware {
  const negotiator = createNegotiator(options)
  const middleware: Middleware = async (ctx, next) => {
    const outcome = await negotiator.authenticate(ctx.req)
    ctx.set({ ...outcome.headers })
    if (outcome.status === 'challenge') {
      ctx.status = outcome.statusCode
      ctx.type = 'text'
      ctx.body = outcome.body
      return
    }
    if (outcome.status === 'authenticated') ctx.identity = ctx.state.identity = outcome.identity
    await next()
  }
  return Object.assign(middleware, { negotiator })
}
