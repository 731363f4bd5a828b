import { type Gate, respond } from '@s4u/negotiate'
import type { RequestHandler } from 'express'

/** A check of a route as a middleware. */
export function gated(gate: Gate): RequestHandler {
  return (req, res, next) => {
    const verdict = gate(req, req.identity)
    if (verdict.status === 'challenge') respond(res, verdict)
    else verdict.run(next)
  }
}
