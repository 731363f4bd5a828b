/**
 * Kerberos sign-in and delegation without a framework: an `Authorization` header goes in, an
 * `Outcome` comes out, and its identity can be impersonated. `@s4u/express` and `@s4u/koa` are thin
 * translations of this package, and plain `node:http` can use it directly:
 *
 * ```ts
 * import { createServer } from 'node:http'
 * import { createNegotiator, respond, writeHeaders } from '@s4u/negotiate'
 *
 * const negotiator = createNegotiator({ keytab: 'web.keytab' })
 * createServer(async (request, response) => {
 *   const outcome = await negotiator.authenticate(request)
 *   if (outcome.status === 'challenge') return respond(response, outcome)
 *   writeHeaders(response, outcome.headers)
 *   response.end(`Hello ${outcome.identity?.principal ?? 'stranger'}`)
 * })
 * ```
 */

export { clusterReplayStore, type ClusterReplayStoreOptions } from '@s4u/acceptor'
export type { AuthenticationMethod, ClaimValue, ImpersonationLevel, UserClaims } from '@s4u/acceptor'
export { type AmbientIdentity, type CurrentIdentity, currentIdentity, impersonatedIdentity } from '@s4u/fetch'
export {
  challengeSchemes,
  type Negotiation,
  ServiceNameError,
  type ServerRefusal,
  type VerifiedAnswer,
} from '@s4u/fetch'
export type { S4uSubject } from '@s4u/kdc-client'
export { closeOptions, type OptionTableOf } from '@s4u/kdc-client'
export { type Runtime, thisRuntime, unavailableOn } from '@s4u/kdc-client'
export { ConfigurationError, DelegationRefusedError, KdcError, KdcUnreachableError } from '@s4u/kdc-client'
export {
  MalformedTokenError,
  MissingKeyError,
  PasswordChangeRefusedError,
  RejectedTokenError,
  S4uError,
  type S4uErrorCode,
} from '@s4u/kdc-client'
export { type AuditWriter, type AuditWriterOptions, writeAuditTo } from './audit/audit-writer.js'
export type { CallerAccount, CallerDirectory } from './directory/caller-directory.js'
export type { DirectoryServers } from './directory/directory-option.js'
export type { CallerProfile } from './directory/profiles.js'
export { CallerIdentity } from './delegation/caller-identity.js'
export type { CrossSiteOption } from './http/cross-site.js'
export type { DelegationOptions } from './delegation/delegation-policy.js'
export type {
  AuthenticatedEvent,
  ChallengeEvent,
  FailedEvent,
  NegotiatorListeners,
} from './authenticate/negotiator-events.js'
export type { NegotiatorCounters, NtlmCounters, SourceCounters } from './authenticate/negotiator-counters.js'
export type { NtlmReason, NtlmUse } from './authenticate/ntlm-use.js'
export type { KdcOptions } from './kdc/kdc-options.js'
export { delegatedByGate } from './routes/delegated-by-gate.js'
export { groupGate } from './routes/group-gate.js'
export { identityGate } from './routes/gate.js'
export type { ImpersonationPlan } from './delegation/impersonation-plan.js'
export { IMPERSONATE_CHANNEL, type ImpersonateEvent } from './audit/impersonation-events.js'
export { type ContextOptions, type FetchOptions, Impersonation } from './delegation/impersonation.js'
export { impersonationGate, type ImpersonationOption } from './routes/impersonation-option.js'
export { createNegotiator } from './create-negotiator.js'
export type { AuthenticateOptions, Negotiator } from './negotiator.js'
export type { NegotiatorOptions } from './negotiator-options.js'
export type { TlsCertificate } from './http/tls-channel.js'
export type { ChallengeReason } from './http/challenges.js'
export type { ChallengeBody } from './http/challenges.js'
export type { Mode } from './authenticate/mode.js'
export { type Anonymous, type Authenticated, type Outcome, type Runner, setCaller } from './authenticate/outcome.js'
export type { Verdict } from './routes/gate.js'
export type { Gate } from './routes/gate.js'
export type { Challenge } from './http/response.js'
export type { ResponseHeaders } from './http/response.js'
export type { NegotiableRequest } from './http/request.js'
export type { WebAuthenticateOptions } from './web/authenticate-request.js'
export type { ProtectedHandler, ProtectOptions, WebHandler } from './web/protect.js'
export type { WebConnection } from './web/web-connection.js'
export { withoutRelayed } from './web/relayed-answer.js'
export { withoutTaken } from './web/taken-headers.js'
export { type WebOutcome, withHeaders } from './web/web-outcome.js'
export { peerList, type PeerList } from './http/peer-list.js'
export { connectionOf, isProxied } from './http/proxied.js'
export { bindingsOf as channelBindingsOf } from './http/tls-channel.js'
export type { AttemptOptions } from './sign-in-sources/attempts/attempt-options.js'
export type { AttemptRule, AttemptStore, TakenAttempt } from './sign-in-sources/attempts/attempt-store.js'
export { MemoryAttemptStore } from './sign-in-sources/attempts/memory-attempt-store.js'
export type { AttemptedBy, SignInAttempts } from './sign-in-sources/attempts/sign-in-attempts.js'
export { TooManyAttemptsError } from './sign-in-sources/attempts/too-many-attempts.js'
export { userPartOf } from './sign-in-sources/attempts/user-part.js'
export type { FormFields, ReadFormOptions } from './sign-in-sources/form-fields.js'
export { localTarget } from './sign-in-sources/local-target.js'
export type { SealedTexts } from './sign-in-sources/sealed-texts.js'
export type { SignInLink } from './sign-in-sources/sign-in-link.js'
export type { SignInOptions } from './sign-in-sources/sign-in-options.js'
export type { SignInRequest } from './sign-in-sources/sign-in-request.js'
export type { SignInSite } from './sign-in-sources/sign-in-site.js'
export type {
  OpenedSignInSource,
  SignedIn,
  SignInAnswer,
  SignInOffer,
  SignInRefused,
  SignInResult,
  SignInSource,
} from './sign-in-sources/sign-in-source.js'
export type { OtpSubject } from './sign-in/secret-subject.js'
export type { PasswordSubject } from './sign-in/secret-subject.js'
export type { SecretSubject } from './sign-in/secret-subject.js'
export { type AskedLevel, requireAskedLevel } from './sign-in/identity-for-options.js'
export type { IdentityForOptions } from './sign-in/identity-for-options.js'
export { type AdapterNegotiator, type AdapterOptions, createAdapterNegotiator } from './adapter.js'
export { type HeaderTarget, respond, type ResponseTarget, writeHeaders } from './http/write-response.js'
export { type EndedSessionStore, MemoryEndedSessions } from './session/ended-sessions.js'
export type { IsRevoked, Session } from './session/session-revocation.js'
export type { ConnectionSessionOptions, CookieSessionOptions, SessionOption } from './session/session-options.js'
export { upgradeHeaders, type UpgradeOutcome } from './authenticate/upgrade.js'
