/**
 * A keytab and a token in, an `Identity` out: keys, clock skew, replay detection, PAC and channel
 * bindings are judged here.
 */

export { ConfigurationError, MalformedTokenError, MissingKeyError, RejectedTokenError, S4uError } from '@s4u/krb5'
export { accessCheck, type AccessCaller, type AccessCheckOptions } from './access-check/access-check.js'
export { AccessMask, type GenericMapping, GenericMappings } from './access-check/access-mask.js'
export type { CallerOptions } from './identity/caller-from-pac.js'
export type { ObjectType } from './access-check/object-types.js'
export type { Accepted, AcceptOutcome, Continued, PendingNegotiation, Refused } from './negotiation/accept-outcome.js'
export type { Acceptor } from './acceptor.js'
export { createAcceptor } from './create-acceptor.js'
export { ACCEPTOR_OPTIONS, type AcceptorOptions } from './options/acceptor-options.js'
export type { ChannelBindingPolicy } from './checks/channel-binding.js'
export type { ForwardedTickets } from './options/acceptor-options.js'
export type { AcceptContext } from './ap-req/accept-ap-req.js'
export {
  ACCEPT_CHANNEL,
  type AcceptorEvent,
  AcceptorEvents,
  type EventListener,
  type ExchangeEvent,
} from './events/events.js'
export type { ForwardedTicket } from '@s4u/krb5'
export type { AssertedEvidence, Evidence, ForwardedTgt, TicketEvidence } from './identity/evidence.js'
export type { ExpectedTicket } from './ticket/expected-ticket.js'
export { Identity } from './identity/identity.js'
export type {
  AssertedBy,
  AuthenticationMethod,
  IdentityClaims,
  ImpersonationLevel,
} from './identity/identity-claims.js'
export type { LocalNameOption } from './identity/local-names.js'
export type { KeytabProvider } from './keys/keytab-provider.js'
export type { KeytabSource } from './keys/keytab-source.js'
export { clusterReplayStore, type ClusterReplayStoreOptions } from './replay/cluster-replay-store.js'
export { MemoryReplayStore, type MemoryReplayStoreOptions } from './replay/memory-replay-store.js'
export type { DomainSidsOption } from './pac-authority/domain-sids.js'
export type { ForeignPacOption, ForeignStatement } from './pac-authority/foreign-statements.js'
export type { VouchersOption } from './pac-authority/vouchers.js'
export type { Withheld } from './pac-authority/withheld.js'
export type { ReplayStore, ReplayVerdict } from './replay/replay-store.js'
export type { ClaimValue, UserClaims } from './identity/user-claims.js'
