import { ConfigurationError } from '@s4u/negotiate'
import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common'
import { Observable } from 'rxjs'
import { type Negotiation, NEGOTIATION } from './negotiation.js'
import { rulesOf } from './route-rules.js'

/**
 * Runs handlers as their callers, where options and decorators say so. A guard cannot: what it runs
 * ends before the handler begins. `S4uModule` binds it to all routes and resolvers; `@Negotiated()`
 * binds it to gateways.
 */
export class AmbientInterceptor implements NestInterceptor {
  readonly #negotiation: Negotiation

  constructor(negotiation: Negotiation) {
    this.#negotiation = negotiation
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const rules = rulesOf(context)
    const run = context.getType<string>() === 'rpc' ? undefined : this.#negotiation.findRunner(context)
    if (run !== undefined) return new Observable((subscriber) => run(() => next.handle().subscribe(subscriber)))
    // Without the guard, @RequireGroup() would let everybody in.
    if (rules.areDeclared)
      throw new ConfigurationError('@RequireGroup() and the like are checked by NegotiateGuard, which did not run', {
        hint: "Add @UseGuards(NegotiateGuard) to the controller, or take `protect: 'guardedRoutes'` back.",
      })
    return next.handle()
  }
}

Injectable()(AmbientInterceptor)
Inject(NEGOTIATION)(AmbientInterceptor, undefined, 0)
