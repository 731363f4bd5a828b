import type { Gate } from '@s4u/negotiate'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answer } from './answer.js'

/** A hook of one route: `onRequest` or `preHandler`. */
export type RouteHook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/** Returns a hook that applies the check of a route. */
export function gated(gate: Gate): RouteHook {
  return (request, reply, done) => {
    const verdict = gate(request.raw, request.identity)
    if (verdict.status === 'challenge') answer(reply, verdict)
    else verdict.run(() => done())
  }
}
