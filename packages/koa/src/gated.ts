import type { Gate } from '@s4u/negotiate'
import type { Middleware } from 'koa'
import { respondWith } from './respond.js'

/** Returns a middleware that applies the check of a route. */
export function gated(gate: Gate): Middleware {
  return async (ctx, next) => {
    const verdict = gate(ctx.req, ctx.identity)
    if (verdict.status === 'challenge') return respondWith(ctx, verdict)
    await verdict.run(next)
  }
}
