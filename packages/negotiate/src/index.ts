/**
 * The middle that no framework is needed for: an `Authorization` header in, an `Outcome` out; an identity that can be acted as.
 * `@s4u/express` and `@s4u/koa` are thin translations of it, and plain `node:http` can use it as it is.
 */

export type { AuthenticationMethod, ImpersonationLevel } from '@s4u/acceptor'
export { ConfigurationError, DelegationRefusedError, KdcError, KdcUnreachableError } from '@s4u/kdc-client'
export { MalformedTokenError, MissingKeyError, RejectedTokenError, S4uError } from '@s4u/kdc-client'
export { CallerIdentity } from './caller-identity.js'
export type { DelegationOptions } from './delegation-policy.js'
export { type ContextOptions, type FetchOptions, Impersonation } from './impersonation.js'
export { createNegotiator } from './negotiator.js'
export type {
  ChallengeReason,
  NegotiableRequest,
  Negotiator,
  NegotiatorOptions,
  Outcome,
  ResponseHeaders,
} from './negotiator.js'
