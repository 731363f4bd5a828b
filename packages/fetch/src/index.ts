/**
 * A `fetch` that answers `Negotiate`. `createFetch` makes one for the tickets that it is given;
 * `fetch` acts as the identity of `impersonate(callback)`. `negotiateInterceptor` does the same for
 * undici, `createAuthorizationFor` makes headers for other clients.
 */

export { authorizationFor, currentIdentity, fetch, impersonatedIdentity, runAs, runFor } from './ambient.js'
export type { AmbientIdentity, CurrentIdentity, ServiceRequests } from './ambient.js'
export { createAuthorizationFor, createNegotiationFor, prepareNegotiationFor } from './authorization-for.js'
export type {
  AuthorizationFor,
  AuthorizationOptions,
  Negotiation,
  NegotiationFor,
  VerifiedAnswer,
} from './authorization-for.js'
export type { ServerRefusal } from './answers/server-refusal.js'
export { challengeSchemes } from './answers/challenge-schemes.js'
export { Connections, type IdentityConnections } from './connections/connections.js'
export type { ConnectionsOptions } from './connections/connections-options.js'
export { FETCH_CHANNEL, type FetchEvent, type FetchEventListener, type FetchEventSubject } from './events/events.js'
export { type InterceptorOptions, negotiateInterceptor } from './interceptor.js'
export { type Forwarded, forwardedCredential } from './negotiation/forwarded-credential.js'
export { FETCH_OPTIONS } from './fetch/fetch-options.js'
export type { ClientFetchOptions, CreateFetchOptions, FetchOptions, FetchTickets } from './fetch/fetch-options.js'
export { FETCH_RULES, NEGOTIATE_RULES } from './deprecated-names.js'
export type {
  FetchRules,
  NegotiatedFetchOptions,
  NegotiateOptions,
  NegotiateRules,
  TicketRequest,
  TicketSource,
} from './deprecated-names.js'
export { createFetch, prepareFetch } from './fetch/create-fetch.js'
export { TOKEN_OPTIONS } from './options/token-options.js'
export type {
  AllowedImpersonationLevel,
  Fetch,
  ForwardTgt,
  MutualAuthentication,
  NegotiationForOptions,
  TicketClient,
  TicketFor,
  TicketForOptions,
  TokenOptions,
  TokenTickets,
} from './options/token-options.js'
export type { ProxyOptions } from './connections/proxy.js'
export { BackendTimeoutError } from './connections/backend-timeout.js'
export { loadUndici } from './connections/undici.js'
export type { TimeLimits } from './connections/time-limits.js'
export { UnprovenAnswerError, type UnprovenAnswer } from './answers/unproven-answer.js'
export { ServiceNameError } from './service-names/service-name-error.js'
export { serviceNameOf, type ServiceNameOptions } from './service-names/service-name.js'
