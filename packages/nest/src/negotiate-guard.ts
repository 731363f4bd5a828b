import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { type Negotiation, NEGOTIATION } from './negotiation.js'
import { rulesOf } from './route-rules.js'

/**
 * A guard that answers 401 until the caller has authenticated, and then sets `request.identity`. It
 * applies what `@NegotiateMode()`, `@RequireGroup()`, `@RequireDelegatedBy()` and
 * `@Impersonation()` say. `S4uModule` binds it to all routes and resolvers, unless it is told
 * `protect: 'guardedRoutes'`: then write `@UseGuards(NegotiateGuard)` where callers are asked for.
 *
 * @example
 * ```ts
 * import { Controller, Get, UseGuards } from '@nestjs/common'
 * import { Caller, type CallerIdentity, NegotiateGuard } from '@s4u/nest'
 *
 * // With `S4uModule.forRoot(options, { protect: 'guardedRoutes' })`.
 * @Controller('staff')
 * @UseGuards(NegotiateGuard)
 * export class Staff {
 *   @Get()
 *   hello(@Caller() caller: CallerIdentity): string {
 *     return `Hello ${caller.principal}`
 *   }
 * }
 * ```
 */
export class NegotiateGuard implements CanActivate {
  readonly #negotiation: Negotiation

  constructor(negotiation: Negotiation) {
    this.#negotiation = negotiation
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // What is reached neither by http nor by a WebSocket passes only if it says so.
    if (context.getType<string>() === 'rpc' && rulesOf(context).mode === 'off') return true
    return this.#negotiation.judge(context)
  }
}

// Decorators by hand: what this package is compiled to has no syntax of its own.
Injectable()(NegotiateGuard)
Inject(NEGOTIATION)(NegotiateGuard, undefined, 0)
