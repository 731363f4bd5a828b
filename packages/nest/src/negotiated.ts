import { applyDecorators, UseGuards, UseInterceptors } from '@nestjs/common'
import { AmbientInterceptor } from './ambient-interceptor.js'
import { NegotiateGuard } from './negotiate-guard.js'

/**
 * Binds the guard, and the ambient identity, to a gateway: what `APP_GUARD` binds does not count
 * there. At a controller it does the same where the module says `protect: 'guardedRoutes'`.
 *
 * @example
 * ```ts
 * import { Caller, type CallerIdentity, Negotiated } from '@s4u/nest'
 * import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
 *
 * @WebSocketGateway()
 * @Negotiated()
 * export class Chat {
 *   @SubscribeMessage('say')
 *   say(@Caller() caller: CallerIdentity): string {
 *     return `${caller.name} is here`
 *   }
 * }
 * ```
 */
export function Negotiated(): ClassDecorator & MethodDecorator {
  return applyDecorators(UseGuards(NegotiateGuard), UseInterceptors(AmbientInterceptor))
}
