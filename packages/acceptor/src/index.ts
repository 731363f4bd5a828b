/**
 * A keytab and a token in, an `Identity` out: keys, clock skew, replay detection, PAC and channel bindings are judged here.
 */

export { accessCheck, type AccessCaller, type AccessCheckOptions } from './access-check/access-check.js'
export { AccessMask, type GenericMapping, GenericMappings } from './access-check/access-mask.js'
export type { CallerOptions } from './access-check/caller-from-pac.js'
export type { ObjectType } from './access-check/object-types.js'
export type { Accepted, AcceptOutcome, Continued, PendingNegotiation, Refused } from './accept-outcome.js'
export { type Acceptor, createAcceptor } from './acceptor.js'
export { ACCEPTOR_OPTIONS, type AcceptorOptions, type ChannelBindingPolicy } from './acceptor-options.js'
export type { ForwardedTickets } from './acceptor-options.js'
export type { AcceptContext } from './ap-req-acceptance.js'
export { ACCEPT_CHANNEL, type AcceptorEvent, type EventListener, type ExchangeEvent } from './events.js'
export type { AssertedEvidence, Evidence, ForwardedTgt, TicketEvidence } from './evidence.js'
export type { ExpectedTicket } from './expected-ticket.js'
export { Identity } from './identity.js'
export type { AssertedBy, AuthenticationMethod, IdentityClaims, ImpersonationLevel } from './identity.js'
export type { LocalNameOption } from './local-names.js'
export type { KeytabProvider, KeytabSource } from './keytab-source.js'
export { clusterReplayStore, type ClusterReplayStoreOptions } from './cluster-replay-store.js'
export { MemoryReplayStore, type MemoryReplayStoreOptions } from './memory-replay-store.js'
export type { ReplayStore, ReplayVerdict } from './replay-store.js'
export type { ClaimValue, UserClaims } from './user-claims.js'
