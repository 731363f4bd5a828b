import type { DnsSource, KdcClient } from '@s4u/kdc-client'
import type { Logger, OptionTableOf } from '@s4u/krb5'
import type { SaslMechanism } from '../ldap/sasl-bind-request.js'

/** The part of a KDC client that gets the tickets. */
export type DirectoryClient = Pick<KdcClient, 'principal' | 'realm' | 'ticketFor'>

/** How a connection is protected: by the security layer of SASL, or by TLS. */
export type Protection = 'sealed' | 'starttls' | 'ldaps'

/** A controller that the options name. */
export interface DirectoryServer {
  /**
   * Its name in DNS, which its service principal name and its certificate have: `dc1.corp.test`.
   */
  readonly host: string
  /** The IP address to connect to. Default: what the name resolves to. */
  readonly address?: string
  /** Default 389, and 636 with `ldaps`; for the global catalogue 3268 and 3269. */
  readonly port?: number
  /** Default: the option `protection`. */
  readonly protection?: Protection
  /** The service principal name to ask a ticket for. Default: `ldap/` and the host. */
  readonly service?: string
}

/** Controllers: `dc1.corp.test`, `dc1.corp.test:389`, `ldaps://dc1.corp.test`, or an object. */
export type ServerList = string | DirectoryServer | readonly (string | DirectoryServer)[]

/** Options of `openDirectory`: where the directory is, and as whom to ask it. */
export interface DirectoryOptions {
  /** Whose ticket opens the directory, made by `createKdcClient`. */
  readonly client: DirectoryClient
  /**
   * Controllers, or controllers by domain. Default: those that DNS names, the nearest site first.
   */
  readonly servers?: ServerList | Readonly<Record<string, ServerList>>
  /** The domain in DNS. Default: the realm of `client` in small letters. Example: `corp.test`. */
  readonly domain?: string
  /**
   * The site whose controllers are asked first. Default: the one that a controller says this
   * machine is in.
   */
  readonly site?: string
  /**
   * `sealed` (default): signed and sealed with the ticket's own keys on port 389, for which no
   * certificate is needed. `starttls`, `ldaps`: TLS, with the ticket bound to the server's
   * certificate.
   */
  readonly protection?: Protection
  /** Certificates of the authorities that may vouch for servers, PEM. Default: Node's. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** Default: GSS-SPNEGO, then GSSAPI where a server does not know it. */
  readonly mechanism?: SaslMechanism
  /** For one call, failover included; milliseconds, default 15,000. */
  readonly timeLimit?: number
  /** Connections to one controller at a time; default 4. */
  readonly maxConnections?: number
  /** How long an open connection waits for the next question; milliseconds, default 30,000. */
  readonly idleTimeout?: number
  /**
   * How long a name or a SID counts as fresh; milliseconds, default 600,000. It is kept for a day.
   */
  readonly namesFreshFor?: number
  /**
   * The logger that is told which controllers were asked and failed. Default: no logger;
   * NODE_DEBUG=s4u prints the same.
   */
  readonly logger?: Logger
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** What answers instead of the system's resolver, for tests. */
  readonly dns?: Pick<DnsSource, 'resolveSrv' | 'lookup'>
}

/** Every name in DirectoryOptions; others are refused. */
export const DIRECTORY_OPTIONS = {
  client: 'value',
  servers: 'value',
  domain: 'value',
  site: 'value',
  protection: 'value',
  ca: 'value',
  mechanism: 'value',
  timeLimit: 'value',
  maxConnections: 'value',
  idleTimeout: 'value',
  namesFreshFor: 'value',
  logger: 'value',
  now: 'function',
  dns: 'value',
} as const satisfies OptionTableOf<DirectoryOptions>
