/**
 * Kerberos sign-in and delegation for Passport:
 *
 *     passport.use(new NegotiateStrategy({ keytab: 'web.keytab' }))
 *     app.use(passport.authenticate('negotiate', { session: false }))
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
export type { CallerIdentity, Impersonation, Mode, Negotiator, NegotiatorOptions, SessionOption } from '@s4u/negotiate'
export { NegotiateStrategy, type RouteOptions } from './negotiate-strategy.js'
export { serializePrincipal } from './serialize-principal.js'
export type { Verify, VerifyDone } from './verify.js'
