/**
 * Asks a KDC for tickets: as the service itself (`ticketFor`), to itself in the name of a user (`s4u2self`), and to another service in
 * the name of a user (`s4u2proxy`, or by whichever way is best, `ticketAs`). Every reply is compared with what was asked for before
 * anything of it is used.
 */

export { credentialOf } from './cached-ticket.js'
export { createKdcClient } from './create-kdc-client.js'
export type { NamedCredentialCache } from './credential-caches/named-cache.js'
export {
  type CredentialCacheOptions,
  listCredentialCaches,
  openCredentialCache,
} from './credential-caches/open-credential-cache.js'
export type { ForwardedTicket } from '@s4u/krb5'
export { type KdcCredentials, signInPrincipal } from './credentials.js'
export { DelegationRefusedError, KdcError, KdcUnreachableError } from './errors.js'
export type { DirectorySetting, ExchangeStep, FailedAttempt, KdcAnswer, RefusalReason } from './errors.js'
export {
  type CacheMiss,
  type ExchangeTally,
  KDC_CHANNEL,
  type KdcEvent,
  type Occasion,
  tallyExchanges,
  tellNotice,
} from './events.js'
export { journalFor } from './process-journal.js'
export { chooseEvidence, type Grounds, type Plan, type Rung, type Way } from './evidence-ladder.js'
export {
  CACHE_OPTIONS,
  type CacheOptions,
  type DelegatedTicket,
  type FastMode,
  KDC_CLIENT_OPTIONS,
  type KdcArmor,
  type KdcClient,
  type KdcClientOptions,
  type OwnTicketOptions,
  type TicketOptions,
} from './kdc-client.js'
export { readKrb5Conf } from './krb5-configuration.js'
export { configuredHostNames, type HostNames } from './host-names.js'
export { createKdcConnections, type KdcConnections, type KdcConnectionsOptions } from './kdc-connections.js'
export type { OneTimePassword } from './otp/otp-authority.js'
export type { OtpToken } from './otp/otp-token.js'
export type { DnsSource, SrvRecord } from './kdc-lookup.js'
export type { UriRecord } from './dns-uri.js'
export type { ProxyTrust } from './kdc-proxy.js'
export { changePassword, type PasswordChange } from './password-change/change-password.js'
export type { ChangePasswordOptions } from './password-change/change-password-options.js'
export { PasswordChangeRefusedError } from './password-change/refused-change.js'
export type { KdcOption } from './kdc-source.js'
export { type DomainNames, parseUser, type S4uSubject } from './s4u-user.js'
export {
  evidenceFromS4u2self,
  type EvidenceTicket,
  isForwardable,
  isTrustedForDelegation,
  type ServiceTicket,
} from './service-ticket.js'
export type { TicketStore, TicketStoreOptions } from './ticket-store.js'
export type { QueuePlace } from './fair-queue.js'
export type { KdcTransport, TransportContext } from './transport.js'
export {
  closeOptions,
  ConfigurationError,
  MalformedTokenError,
  MissingKeyError,
  NO_OPTIONS,
  pickOptions,
  RejectedTokenError,
  requireGiven,
  requireKnownOptions,
  S4uError,
  shownInput,
  withoutHostBasedForm,
} from '@s4u/krb5'
export { requireLogger } from '@s4u/krb5'
export type {
  Journal,
  JournalEntry,
  Logger,
  Notice,
  OptionTable,
  OptionTableOf,
  PasswordPolicy,
  RandomSource,
} from '@s4u/krb5'
