import {
  createAdapterNegotiator,
  type ImpersonationOption,
  type Mode,
  type Negotiator,
  type NegotiatorOptions,
  respond,
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

export interface NegotiateOptions extends Omit<NegotiatorOptions, 'mode'> {
  /** Also by request: `(req) => (req.path === '/health' || req.user ? 'off' : 'required')`. */
  readonly mode?: Mode | ((req: Request) => Mode)
}

/**
 * The middleware, with the negotiator behind it for `identityFor`, sessions, counters and `ready`.
 */
export interface NegotiateMiddleware extends RequestHandler {
  readonly negotiator: Negotiator
  /**
   * `impersonation()` for this middleware, where a process has several. @throws ConfigurationError
   */
  impersonation(option: ImpersonationOption): RequestHandler
}

/**
 * Answers 401 until the caller has authenticated, then sets `req.identity`. @throws
 * ConfigurationError, MissingKeyError at once
 */
export function negotiate(options?: NegotiateOptions): NegotiateMiddleware {
  const { negotiator, modeFor } = createAdapterNegotiator<Request>(options)
  const handler: RequestHandler = (req, res, next) => {
    const mode = modeFor(req)
    const proceed = async (): Promise<void> => {
      const outcome = await negotiator.authenticate(req, { mode })
      if (outcome.status === 'challenge') return respond(res, outcome)
      writeHeaders(res, outcome.headers)
      if (outcome.status === 'authenticated') req.identity = outcome.identity
      outcome.run(next)
    }
    // Express 4 does not look at what a handler returns.
    proceed().catch(failing(next))
  }
  return Object.assign(handler, {
    negotiator,
    impersonation: (option: ImpersonationOption) => gated(negotiator.impersonation(option)),
  })
}
