import { type Gate, respond } from '@s4u/negotiate'
import type { RequestHandler } from 'express'

/** Returns a middleware that applies the check of a route. */
export function gated(gate: Gate): RequestHandler {
  return (req, res, next) => {
    const verdict = gate(req, req.identity)
    if (verdict.status === 'challenge') respond(res, verdict)
    else verdict.run(next)
  }
}
