import type { Gate } from '@s4u/negotiate'
import type { MiddlewareHandler } from 'hono'
import { responseOf } from './answer.js'

/** Returns a middleware that applies the check of a route. */
export function gated(gate: Gate): MiddlewareHandler {
  return async (c, next) => {
    // The request as the negotiator saw it: middleware in between may have replaced `c.req.raw`.
    const verdict = gate(c.get('negotiatedRequest') ?? NOT_NEGOTIATED, c.get('identity'))
    if (verdict.status === 'challenge') return responseOf(verdict)
    return verdict.run(next)
  }
}

/** Stands for a request that has passed no `negotiate()`; gates say so. */
const NOT_NEGOTIATED = Object.freeze({ headers: {} })
