/**
 * SASL GSSAPI and GSS-SPNEGO, and connections of databases and queues that are opened as the
 * caller. A driver is given an `Impersonation` of @s4u/negotiate, and the server sees the user.
 */

export type { Caller, CallerContextOptions, ContextSource } from './caller.js'
export { OctetQueue } from './layer/octet-queue.js'
export { type LayerTerms, MAX_PROTECTED_OCTETS, SecurityLayer } from './layer/security-layer.js'
export {
  createSaslClient,
  SASL_CLIENT_OPTIONS,
  type SaslClient,
  type SaslClientOptions,
  type SaslClientStep,
  saslContextOptions,
} from './mechanism/sasl-client.js'
export {
  createSaslServer,
  SASL_SERVER_OPTIONS,
  type SaslIdentity,
  type SaslServer,
  type SaslServerOptions,
  type SaslServerStep,
} from './mechanism/sasl-server.js'
export type { AcceptContext, AcceptedToken, PendingToken, TokenAcceptor } from './mechanism/token-acceptor.js'
export {
  CONNECTIONS_PER_IDENTITY_OPTIONS,
  ConnectionsPerIdentity,
  type ConnectionsPerIdentityOptions,
} from './pool/connections-per-identity.js'
export {
  KAFKA_AUTHENTICATOR_OPTIONS,
  kafkaAuthenticator,
  type KafkaAuthenticatorOptions,
  type KafkajsProviderArguments,
  platformaticAuthenticator,
} from './kafka/kafka-authenticator.js'
export {
  IMAP_TRANSPORT_OPTIONS,
  type ImapConnectionRequest,
  type ImapTransport,
  imapTransport,
  type ImapTransportOptions,
} from './mail/imap-transport.js'
export {
  type NodemailerConnection,
  SMTP_AUTHENTICATION_OPTIONS,
  type SmtpAuthentication,
  smtpAuthentication,
  type SmtpAuthenticationOptions,
} from './mail/smtp-authentication.js'
export { ServerUnreachableError } from './layer/handshake-reader.js'
export {
  POSTGRES_STREAM_OPTIONS,
  type PostgresAddress,
  postgresSocket,
  postgresStream,
  type PostgresStreamOptions,
} from './postgres/postgres-stream.js'
export type { CallerStream } from './postgres/caller-stream.js'
export { SQL_SERVER_AUTHENTICATION, SQL_SERVER_OPTIONS, sqlServerAs } from './sql-server/sql-server-as.js'
export type { SqlServerOptions } from './sql-server/sql-server-options.js'
export type { SaslMechanism, SaslProtection } from './protection/protection.js'
