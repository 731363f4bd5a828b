/**
 * Asks a KDC for tickets: as the service itself (`ticketFor`), to itself in the name of a user (`s4u2self`), and to another service in
 * the name of a user (`s4u2proxy`). Every reply is compared with what was asked for before anything of it is used.
 */

export type { KdcCredentials } from './credentials.js'
export { DelegationRefusedError, KdcError, KdcUnreachableError } from './errors.js'
export type { DirectorySetting, ExchangeStep, FailedAttempt, KdcAnswer, RefusalReason } from './errors.js'
export { signInPrincipal } from './credentials.js'
export { createKdcClient, type KdcClient, type KdcClientOptions, type TicketOptions } from './kdc-client.js'
export type { KdcOption } from './kdc-source.js'
export { evidenceFromS4u2self, type EvidenceTicket, isForwardable, type ServiceTicket } from './service-ticket.js'
export type { KdcTransport, TransportContext } from './transport.js'
export { ConfigurationError, MalformedTokenError, MissingKeyError, RejectedTokenError, S4uError } from '@s4u/krb5'
export type { RandomSource } from '@s4u/krb5'
