/**
 * Kerberos sign-in and delegation for Hono:
 *
 *     app.use(negotiate({ keytab: 'api.keytab' }))
 *     app.use((c) => c.text(`Hello ${c.get('identity').principal}`))
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
export { withHeaders } from '@s4u/negotiate'
export type {
  CallerIdentity,
  Impersonation,
  ImpersonationOption,
  Mode,
  Negotiator,
  SessionOption,
} from '@s4u/negotiate'
// With a star, since only what is exported so can be declared again by an app.
export * from './authentication.js'
export { errorHandler, type ErrorHandlerOptions } from './errors.js'
export { negotiate, type NegotiateMiddleware, type NegotiateOptions } from './negotiate.js'
export { impersonation, requireDelegatedBy, requireGroup, requireIdentity } from './routes.js'
