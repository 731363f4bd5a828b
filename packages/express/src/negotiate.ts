import { type CallerIdentity, createNegotiator, type Negotiator, type NegotiatorOptions } from '@s4u/negotiate'
import type { RequestHandler } from 'express'

declare global {
  namespace Express {
    interface Request {
      /** The caller. Set by `negotiate()`; undefined where authentication is optional and there was none. */
      identity: CallerIdentity
    }
  }
}

/** The middleware, with the negotiator behind it for `identityFor` and `ready`. */
export interface NegotiateMiddleware extends RequestHandler {
  readonly negotiator: Negotiator
}

/** Answers 401 until the caller has authenticated, then sets `req.identity`. @throws ConfigurationError, MissingKeyError at once */
export function negotiate(options: NegotiatorOptions = {}): NegotiateMiddleware {
  const negotiator = createNegotiator(options)
  const handler: RequestHandler = (req, res, next) => {
    negotiator.authenticate(req).then((outcome) => {
      res.set(outcome.headers)
      if (outcome.status === 'challenge') {
        res.status(outcome.statusCode).type('text').send(outcome.body)
        return
      }
      if (outcome.status === 'authenticated') req.identity = outcome.identity
      next()
    }, next)
  }
  return Object.assign(handler, { negotiator })
}
