/**
 * Requests tickets from KDCs: in the service's own name (`ticketFor`), in a user's name for the
 * service itself (`s4u2self`), and in a user's name for another service (`s4u2proxy`; `ticketAs`
 * chooses the best method). Each reply is compared with the request before anything of it is used.
 */

export { credentialOf } from './tickets/ccache-credential.js'
export { createKdcClient } from './client/create-kdc-client.js'
export type { NamedCredentialCache } from './credential-caches/named-cache.js'
export {
  type CredentialCacheOptions,
  listCredentialCaches,
  openCredentialCache,
} from './credential-caches/open-credential-cache.js'
export {
  closeOptions,
  ConfigurationError,
  type ErrorDetails,
  type ForwardedTicket,
  type Journal,
  type JournalEntry,
  type Logger,
  MalformedTokenError,
  MissingKeyError,
  NO_OPTIONS,
  type Notice,
  type OptionTable,
  type OptionTableOf,
  type PasswordPolicy,
  pickOptions,
  type RandomSource,
  RejectedTokenError,
  requireGiven,
  requireKnownOptions,
  requireLogger,
  requireOneOf,
  S4uError,
  type S4uErrorCode,
  shownInput,
  withoutHostBasedForm,
} from '@s4u/krb5'
export { type KdcCredentials, signInPrincipal } from './credentials/credentials.js'
export {
  DelegationRefusedError,
  type FailedAttempt,
  KdcError,
  KdcUnreachableError,
  type RefusalReason,
} from './errors/kdc-errors.js'
export type { DirectorySetting } from './errors/directory-setting.js'
export type { ExchangeStep, KdcAnswer } from './errors/kdc-answer.js'
export {
  type CacheMiss,
  type ExchangeTally,
  KDC_CHANNEL,
  type KdcEvent,
  type Occasion,
  tallyExchanges,
  tellNotice,
} from './events/events.js'
export { journalFor } from '@s4u/krb5'
export {
  type DelegationInputs,
  type DelegationMethod,
  type DelegationPlan,
  type MethodChoice,
  planDelegation,
} from './delegation/delegation-plan.js'
export { chooseEvidence, type Grounds, type Plan, type Rung, type Way } from './delegation/earlier-names.js'
export type { DelegatedTicket } from './delegation/follow-plan.js'
export {
  CACHE_OPTIONS,
  type CacheOptions,
  type FastMode,
  KDC_CLIENT_OPTIONS,
  type KdcArmor,
  type KdcClientOptions,
} from './client/kdc-client-options.js'
export type { KdcClient } from './client/kdc-client.js'
export type { OwnTicketOptions, SaveOptions, TicketOptions } from './cache/ticket-options.js'
export { readKrb5Conf } from './configuration/krb5-configuration.js'
export { type Runtime, thisMachine, thisRuntime, unavailableOn } from '@s4u/krb5'
export { configuredHostNames, type HostNames } from './configuration/host-names.js'
export { directorySettings } from './advice/account-settings.js'
export { surveyKdcs } from './locate/kdc-survey.js'
export type { KdcProbe, KdcSurvey, KdcSurveyOptions, SurveyedKdc } from './locate/kdc-survey.js'
export { createKdcConnections, type KdcConnections, type KdcConnectionsOptions } from './locate/kdc-connections.js'
export type { OneTimePassword } from './credentials/otp-authority.js'
export type { OtpToken } from './otp/otp-token.js'
export type { DnsSource, SrvRecord } from './locate/dns-lookup.js'
export type { UriRecord } from './locate/dns-uri.js'
export type { ProxyTrust } from './configuration/http-anchors.js'
export { type AccountKeys, deriveAccountKeys } from './account-keys/derive-account-keys.js'
export { type CheckedKey, checkKeytab, type KeyState } from './account-keys/check-keytab.js'
export type {
  AskingOptions,
  CheckKeytabOptions,
  DeriveAccountKeysOptions,
} from './account-keys/account-keys-options.js'
export { unlessAborted } from './async/time-limit.js'
export { changePassword, type PasswordChange } from './password-change/change-password.js'
export type { ChangePasswordOptions } from './password-change/change-password-options.js'
export { randomPassword } from './password-change/random-password.js'
export { PasswordChangeRefusedError } from './password-change/refused-change.js'
export type { KdcLocation, KdcOption } from './locate/kdc-location.js'
export type { Tgt } from './tickets/granting-ticket.js'
export { type DomainNames, parseUser, type S4uSubject } from './tickets/s4u-user.js'
export {
  evidenceFromS4u2self,
  type EvidenceTicket,
  isForwardable,
  isTrustedForDelegation,
  type ServiceTicket,
} from './tickets/service-ticket.js'
export type { TicketStore, TicketStoreOptions } from './cache/sealed-tickets.js'
export type { QueuePlace } from './async/fair-queue.js'
export type { KdcTransport, TransportContext } from './network/transport.js'
