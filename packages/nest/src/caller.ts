import { type CallerIdentity, ConfigurationError } from '@s4u/negotiate'
import { createParamDecorator, type ExecutionContext, Inject, Injectable, Scope } from '@nestjs/common'
import { REQUEST } from '@nestjs/core'
import { exchangeOf, type PlatformRequest } from './exchange.js'

/**
 * A parameter of a handler: the caller, a `CallerIdentity`; undefined where `mode` let an unknown
 * caller through. A handler that no guard protects fails with a 500, since an undefined caller
 * would look like one whom `mode: 'optional'` let through.
 *
 * @example
 * ```ts
 * import { Caller, type CallerIdentity } from '@s4u/nest'
 * import { Controller, Get } from '@nestjs/common'
 *
 * @Controller()
 * export class Pages {
 *   @Get()
 *   hello(@Caller() caller: CallerIdentity): string {
 *     return `Hello ${caller.principal}`
 *   }
 * }
 * ```
 */
export const Caller: () => ParameterDecorator = createParamDecorator((_data: undefined, context: ExecutionContext) =>
  callerOf(exchangeOf(context).request),
)

/**
 * The caller of the request, for a provider that lives as long as one request:
 *
 * ```ts
 * import { RequestCaller } from '@s4u/nest'
 *
 * export class Orders {
 *   constructor(private readonly caller: RequestCaller) {}
 *   title = () => `Orders of ${this.caller.identity?.principal}`
 * }
 * ```
 *
 * Nest makes such providers before guards run, so that the caller is asked for when it is used, and
 * not in a constructor. A provider that takes this one is made for each request as well, and so is
 * all that takes the provider. `currentIdentity()` needs neither.
 */
export class RequestCaller {
  readonly #context: PlatformRequest | { readonly req?: PlatformRequest }

  constructor(context: PlatformRequest | { readonly req?: PlatformRequest }) {
    this.#context = context
  }

  /**
   * The caller; undefined where `mode` let an unknown caller through.
   * @throws ConfigurationError before the guard has run, or where there is none
   */
  get identity(): CallerIdentity | undefined {
    const context = this.#context
    // A provider of a resolver is given the context of the query.
    return callerOf('req' in context && context.req !== undefined ? context.req : context)
  }
}

Injectable({ scope: Scope.REQUEST })(RequestCaller)
Inject(REQUEST)(RequestCaller, undefined, 0)

/** The callers that the guard has found; undefined for one whom `mode` let through unknown. */
const callers = new WeakMap<object, CallerIdentity | undefined>()

/**
 * Sets `request.identity`, whatever a middleware in front has put there. A query of GraphQL has
 * many fields: one that is for everybody does not take away the caller whom another one has found.
 */
export function noteCaller(request: PlatformRequest, identity: CallerIdentity | undefined): void {
  if (identity === undefined && callers.get(request) !== undefined) return
  callers.set(request, identity)
  request.identity = identity
}

function callerOf(request: object): CallerIdentity | undefined {
  if (callers.has(request)) return callers.get(request)
  throw new ConfigurationError('a handler asks for its caller, but no NegotiateGuard has run', {
    hint: 'Add @UseGuards(NegotiateGuard) to the controller; a RequestCaller is asked in methods, not in constructors.',
  })
}
