/**
 * Kerberos sign-in and delegation for Fastify:
 *
 *     await app.register(negotiate, { keytab: 'web.keytab' })
 *     app.get('/', (request) => `Hello ${request.identity.principal}`)
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
export { upgradeHeaders, writeHeaders } from '@s4u/negotiate'
export type {
  CallerIdentity,
  Impersonation,
  ImpersonationOption,
  Mode,
  Negotiator,
  SessionOption,
} from '@s4u/negotiate'
export { errorHandler, type ErrorHandlerOptions } from './errors.js'
// With a star, since only what is exported so can be declared again by an app.
export * from './authentication.js'
export { negotiate, type NegotiateOptions } from './negotiate.js'
export type { RouteRules } from './route-rules.js'
export { impersonation, requireDelegatedBy, requireGroup, requireIdentity } from './routes.js'
