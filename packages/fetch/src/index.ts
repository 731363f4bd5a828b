/**
 * A `fetch` that answers `Negotiate`: `createFetch` binds one to whoever's tickets it is given, and `fetch` acts as the identity that is
 * ambient where it is called. `negotiateInterceptor` does the same for undici, `createAuthorizationFor` makes headers for others.
 */

export { authorizationFor, currentIdentity, fetch, impersonatedIdentity, runAs, runFor } from './ambient.js'
export type { AmbientIdentity, CurrentIdentity, ServiceRequests } from './ambient.js'
export { createAuthorizationFor, createNegotiationFor } from './authorization-for.js'
export type { AuthorizationFor, AuthorizationOptions, Negotiation, NegotiationFor } from './authorization-for.js'
export { Connections, type IdentityConnections } from './connections.js'
export type { ConnectionsOptions } from './connections-options.js'
export { FETCH_CHANNEL, type FetchEvent, type FetchEventListener, type FetchEventSubject } from './events.js'
export { type InterceptorOptions, negotiateInterceptor } from './interceptor.js'
export { type Forwarded, forwardedCredential } from './forwarded-credential.js'
export { FETCH_RULES, type FetchRules, type FetchTickets, type NegotiatedFetchOptions } from './fetch-options.js'
export { createFetch, prepareFetch } from './negotiated-fetch.js'
export { NEGOTIATE_RULES } from './options.js'
export type {
  AllowedImpersonationLevel,
  Fetch,
  ForwardTgt,
  MutualAuthentication,
  NegotiateOptions,
  NegotiateRules,
  TicketRequest,
  TicketSource,
} from './options.js'
export type { ProxyOptions } from './proxy.js'
export { BackendTimeoutError } from './backend-timeout.js'
export type { TimeLimits } from './time-limits.js'
export { UnprovenAnswerError, type UnprovenAnswer } from './unproven-answer.js'
export { serviceNameOf, type ServiceNameOptions } from './service-name.js'
