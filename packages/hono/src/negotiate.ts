import {
  type CallerIdentity,
  type Challenge,
  createAdapterNegotiator,
  type ImpersonationOption,
  type Mode,
  type NegotiableRequest,
  type Negotiator,
  type NegotiatorOptions,
  setCaller,
  type WebOutcome,
  withoutTaken,
} from '@s4u/negotiate'
import type { Context, MiddlewareHandler, Next } from 'hono'
import { addHeaders } from './answer.js'
import type { CallerOfHandler } from './authentication.js'
import { connectionOf } from './connection.js'
import { gated } from './gated.js'
import { checkRuntime } from './runtime-options.js'

declare module 'hono' {
  interface ContextVariableMap {
    /** The caller, set by `negotiate()`. See `Authentication` where there may be none. */
    identity: CallerOfHandler
    /** The request as gates of `@s4u/negotiate` take it; undefined without `negotiate()`. */
    negotiatedRequest: NegotiableRequest | undefined
  }
}

/** Options of `negotiate`: those of a negotiator, with a `mode` that may depend on the request. */
export interface NegotiateOptions extends Omit<NegotiatorOptions, 'mode'> {
  /**
   * The mode of each request; a function answers at once: `(c) => (c.req.path === '/health' ? 'off'
   * : 'required')`. Default `required`.
   */
  readonly mode?: Mode | ((c: Context) => Mode)
}

/** The middleware, and its negotiator with `identityFor`, sessions, counters and `ready`. */
export type NegotiateMiddleware = MiddlewareHandler & {
  readonly negotiator: Negotiator
  /**
   * Returns `impersonation()` of this middleware: use it in place of the free function where a
   * process has several.
   * @throws ConfigurationError
   */
  impersonation(option: ImpersonationOption): MiddlewareHandler
}

/**
 * Returns a middleware that answers 401 until the caller has authenticated, and then sets
 * `c.get('identity')`.
 *
 * ```ts
 * import { negotiate } from '@s4u/hono'
 * import { Hono } from 'hono'
 *
 * const app = new Hono()
 * app.use(negotiate({ keytab: 'api.keytab' }))
 * app.get('/', (c) => c.text(`Hello ${c.get('identity').principal}`))
 * ```
 *
 * @throws ConfigurationError, MissingKeyError at once
 */
export function negotiate(options?: NegotiateOptions): NegotiateMiddleware {
  const { negotiator, modeFor } = createAdapterNegotiator<Context>(options)
  checkRuntime(options ?? {})
  const middleware: MiddlewareHandler = async (c, next) => {
    const mode = modeFor(c)
    const body = await bodyOf(c)
    const outcome = await negotiator.authenticateRequest(c.req.raw, {
      ...connectionOf(c),
      mode,
      body,
    })
    c.set('negotiatedRequest', outcome.request)
    c.req.raw = withoutTaken(c.req.raw, outcome.request)
    if (outcome.response !== undefined) return outcome.response
    setCaller(variablesOf(c), outcome)
    return proceed(c, next, outcome)
  }
  return Object.assign(middleware, {
    negotiator,
    impersonation: (option: ImpersonationOption) => gated(negotiator.impersonation(option)),
  })
}

/** An app declares by `Authentication` whether there may be no caller. */
function variablesOf(c: Context): { identity?: CallerIdentity | undefined } {
  return {
    set identity(caller: CallerIdentity | undefined) {
      Reflect.apply(c.set, c, ['identity', caller])
    },
  }
}

async function proceed(c: Context, next: Next, { run, headers }: Exclude<WebOutcome, Challenge>): Promise<void> {
  await run(next)
  addHeaders(c, headers)
}

/**
 * Returns the form that an earlier middleware has read, which `c.req` keeps; undefined if the body
 * was not read.
 */
async function bodyOf({ req }: Context): Promise<unknown> {
  return req.raw.bodyUsed ? req.parseBody().catch(() => undefined) : undefined
}
