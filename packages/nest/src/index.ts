/**
 * Kerberos sign-in and delegation for NestJS: `S4uModule.forRoot(options)`, `NegotiateGuard`, and
 * `@Caller()` for parameters of handlers.
 */

export { ConfigurationError, DelegationRefusedError, KdcError, KdcUnreachableError } from '@s4u/negotiate'
export {
  MalformedTokenError,
  MissingKeyError,
  PasswordChangeRefusedError,
  RejectedTokenError,
  S4uError,
  type S4uErrorCode,
} from '@s4u/negotiate'
export { clusterReplayStore, currentIdentity, impersonatedIdentity } from '@s4u/negotiate'
export type { CallerIdentity, ImpersonationOption, Mode, Negotiator, SessionOption } from '@s4u/negotiate'
export { Caller, RequestCaller } from './caller.js'
export { ChallengeException } from './challenge-exception.js'
export type { PlatformRequest } from './exchange.js'
export { NegotiateGuard } from './negotiate-guard.js'
export { Negotiated } from './negotiated.js'
export type { S4uModuleOptions } from './negotiation.js'
export { Impersonation, NegotiateMode, RequireDelegatedBy, RequireGroup, RequireIdentity } from './route-rules.js'
export {
  NEGOTIATOR,
  S4uModule,
  type S4uModuleAsyncOptions,
  type S4uModuleExtras,
  type S4uOptionsFactory,
} from './s4u-module.js'
export { negotiateSockets } from './sockets.js'
