import {
  createAdapterNegotiator,
  type ImpersonationOption,
  type Mode,
  type Negotiator,
  type NegotiatorOptions,
  respond,
  setCaller,
  writeHeaders,
} from '@s4u/negotiate'
import type { Request, RequestHandler } from 'express'
import { failing } from './errors.js'
import type { CallerOfHandler } from './authentication.js'
import { gated } from './gated.js'

declare global {
  namespace Express {
    interface Request {
      /** The caller, set by `negotiate()`. See `Authentication` where there may be none. */
      identity: CallerOfHandler
    }
  }
}

/** Options of `negotiate`: those of a negotiator, with a `mode` that may depend on the request. */
export interface NegotiateOptions extends Omit<NegotiatorOptions, 'mode'> {
  /**
   * The mode of each request; a function answers at once: `(req) => (req.path === '/health' ||
   * req.user ? 'off' : 'required')`. Default `required`.
   */
  readonly mode?: Mode | ((req: Request) => Mode)
}

/** The middleware, and its negotiator with `identityFor`, sessions, counters and `ready`. */
export interface NegotiateMiddleware extends RequestHandler {
  readonly negotiator: Negotiator
  /**
   * Returns `impersonation()` of this middleware: use it in place of the free function where a
   * process has several.
   * @throws ConfigurationError
   */
  impersonation(option: ImpersonationOption): RequestHandler
}

/**
 * Returns a middleware that answers 401 until the caller has authenticated, and then sets
 * `req.identity`.
 *
 * ```ts
 * import { negotiate } from '@s4u/express'
 * import express from 'express'
 *
 * const app = express()
 * app.use(negotiate({ keytab: 'web.keytab' }))
 * app.get('/', (req, res) => void res.type('text').send(`Hello ${req.identity.principal}`))
 * ```
 *
 * @throws ConfigurationError, MissingKeyError at once
 */
export function negotiate(options?: NegotiateOptions): NegotiateMiddleware {
  const { negotiator, modeFor } = createAdapterNegotiator<Request>(options)
  const handler: RequestHandler = (req, res, next) => {
    const mode = modeFor(req)
    const proceed = async (): Promise<void> => {
      const outcome = await negotiator.authenticate(req, { mode, url: req.originalUrl, body: req.body })
      if (outcome.status === 'challenge') return respond(res, outcome)
      writeHeaders(res, outcome.headers)
      setCaller(req, outcome)
      outcome.run(next)
    }
    // Express 4 ignores what a handler returns.
    proceed().catch(failing(next))
  }
  return Object.assign(handler, {
    negotiator,
    impersonation: (option: ImpersonationOption) => gated(negotiator.impersonation(option)),
  })
}
