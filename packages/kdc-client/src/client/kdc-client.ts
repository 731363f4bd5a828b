import type { ForwardedTicket, Logger, OptionTable, OptionTableOf, RandomSource } from '@s4u/krb5'
import type { NamedCredentialCache } from '../credential-caches/named-cache.js'
import type { KdcCredentials } from '../credentials/credentials.js'
import type { Grounds, Plan } from '../delegation/delegation-plan.js'
import type { MayFollow } from '../exchange/kdc-context.js'
import type { KdcConnections } from '../locate/kdc-connections.js'
import type { DnsSource } from '../locate/dns-lookup.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import type { KdcOption } from '../locate/kdc-location.js'
import type { DomainNames, S4uSubject } from '../tickets/s4u-user.js'
import type { EvidenceTicket, ServiceTicket } from '../tickets/service-ticket.js'
import type { TicketStoreOptions } from '../cache/shared-tickets.js'
import type { OwnTicketOptions, TicketOptions } from '../cache/ticket-options.js'
import type { DelegatedTicket } from '../delegation/follow-plan.js'

export interface KdcClientOptions {
  /** The realm to sign in to, where the credentials do not name it. Default: that of the keytab, else default_realm of the krb5.conf. */
  readonly realm?: string
  /** KDC addresses, addresses by realm, or a transport of one's own. Default: KRB5_CONFIG or /etc/krb5.conf, then DNS. */
  readonly kdc?: KdcOption
  /** The krb5.conf to read, several with a colon between them. Default: KRB5_CONFIG, and none where `kdc` is given. */
  readonly krb5Config?: string
  readonly credentials: KdcCredentials
  /**
   * With whose ticket sign-in is armored (FAST), so that nobody who listens can try passwords on it,
   * and accounts can sign in that an authentication policy limits to certain devices: credentials of
   * this machine, as `kinit -T` has them, or another client. Default: the ticket-granting ticket of
   * this client, from its second sign-in on. Example: `{ keytab: '/etc/krb5.keytab' }`. Source: RFC
   * 6113 section 5.4.1.1.
   */
  readonly armor?: KdcArmor
  /**
   * Whether sign-in is armored. `allow` (default): wherever there is a ticket for it and the KDC
   * takes it; where KDCs are known to, a password is not shown without, whatever is answered.
   * `require`: always, which needs `armor`; with a credential cache or a forwarded ticket, it holds
   * for requests for tickets. `off`: never.
   */
  readonly fast?: FastMode
  /**
   * Encryption types offered, best first. Default: default_tkt_enctypes (at sign-in), default_tgs_enctypes, else permitted_enctypes of
   * krb5.conf, else AES with SHA-1 and SHA-2, Camellia; never RC4 unless named here, or there with `allow_rc4 = true`.
   */
  readonly encryptionTypes?: readonly number[]
  /** Whether sign-in asks for a PAC. Default: yes; without one there is no delegation. */
  readonly pac?: boolean
  /**
   * Whether sign-in takes the KDC's own spelling of the name, aliases included. Default: canonicalize of krb5.conf, else for enterprise
   * names only.
   */
  readonly canonicalize?: boolean
  /**
   * Whether sign-in asks for a ticket-granting ticket that can be forwarded, without which no directory lets a service act for users.
   * Default: forwardable of krb5.conf, else yes. Example: `forwardable: true` where krb5.conf says no.
   */
  readonly forwardable?: boolean
  /**
   * Whether a sign-in with an enterprise name may be followed to the KDCs of another realm, where
   * the one that was asked says that the name belongs there (KDC_ERR_WRONG_REALM). Nothing seals
   * that answer, and the next KDC is shown a proof of the password. Default: to realms whose KDCs
   * `kdc` or krb5.conf names (a list without realms, or a transport, names all); none is looked up
   * in DNS. Example, with the client of a service, which knows the trusts:
   * `(realm, { signal }) => service.trusts(realm, { signal })`. Source: RFC 6806 section 7.
   */
  readonly mayFollow?: MayFollow
  /** NetBIOS names of domains, for users written `CORP\alice`: `{ CORP: 'CORP.TEST' }`. Default: the first label of the own realm. */
  readonly domains?: DomainNames
  /**
   * For one exchange with a KDC, failover and the wait in the queue included; milliseconds, default request_timeout of krb5.conf, else
   * 10,000. It holds for a `kdc` function too.
   */
  readonly timeLimit?: number
  /** Certificates of the authorities that may vouch for an HTTPS proxy of KDCs, PEM. Default: http_anchors, else Node's. */
  readonly proxyTrust?: ProxyTrust
  /**
   * The way to the KDCs, shared with other clients, made by `createKdcConnections`; instead of `kdc`, `krb5Config`, `timeLimit`,
   * `proxyTrust` and `dns`. Default: this client has its own.
   */
  readonly connections?: KdcConnections
  readonly cache?: CacheOptions
  /**
   * Where exchanges and what the cache answers are written for people. Default: nowhere, but with NODE_DEBUG=s4u on the standard error.
   * What goes over the network is written to the file that KRB5_TRACE names. Example: `{ logger: console }`.
   */
  readonly logger?: Logger
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly random?: RandomSource
  /** What answers instead of the system's resolver, for tests. */
  readonly dns?: DnsSource
}

/** Credentials of a machine, or a client whose tickets armor the sign-ins of others. */
export type KdcArmor = KdcCredentials | KdcClient

export type FastMode = 'allow' | 'require' | 'off'

export interface CacheOptions {
  /** Octets that the tickets of users may take. Default 64 MB. */
  readonly maxBytes?: number
  /**
   * How long a KDC's refusal is remembered; milliseconds, default 10,000, at most 60,000: nobody signs it, so that one that was forged
   * would stand for as long. One that came in a datagram alone is not remembered.
   */
  readonly refusedFor?: number
  /** Tickets shared with other instances, sealed. */
  readonly shared?: TicketStoreOptions
}

/** Every name in KdcCredentials; others are refused. */
export const CREDENTIALS: OptionTable = {
  principal: 'value',
  keytab: 'value',
  reload: 'function',
  enterprise: 'flag',
  password: 'value',
  otp: 'value',
  ccache: 'value',
  tgt: 'value',
}

/** Every name in CacheOptions; others are refused. */
export const CACHE_OPTIONS = {
  maxBytes: 'value',
  refusedFor: 'value',
  shared: { store: 'value', secret: 'value' } satisfies OptionTableOf<TicketStoreOptions>,
} as const satisfies OptionTableOf<CacheOptions>

/** Every name in KdcClientOptions; others are refused. */
export const KDC_CLIENT_OPTIONS = {
  realm: 'value',
  kdc: 'map',
  krb5Config: 'value',
  credentials: CREDENTIALS,
  armor: 'value',
  fast: 'value',
  encryptionTypes: 'value',
  pac: 'flag',
  canonicalize: 'flag',
  forwardable: 'flag',
  mayFollow: 'function',
  domains: 'map',
  timeLimit: 'value',
  proxyTrust: 'value',
  connections: 'value',
  cache: CACHE_OPTIONS,
  logger: 'value',
  now: 'function',
  random: 'function',
  dns: 'value',
} as const satisfies OptionTableOf<KdcClientOptions>

/** Asks a KDC for tickets, as the service itself or as a user. One client serves all requests of a process. */
export interface KdcClient {
  /** The account that asks: `svc-web@AD.TEST`. */
  readonly principal: string
  readonly realm: string
  /** A ticket in the service's own name. @throws KdcError, KdcUnreachableError */
  ticketFor(spn: string, options?: OwnTicketOptions): Promise<ServiceTicket>
  /**
   * A ticket to this service in the name of a user (protocol transition): `bob`, `bob@AD.TEST`, `AD\bob`, a user principal name, or a
   * certificate. @throws DelegationRefusedError, KdcError, KdcUnreachableError
   */
  s4u2self(user: S4uSubject, options?: TicketOptions): Promise<ServiceTicket>
  /** A ticket to another service in the name of the evidence's user. @throws DelegationRefusedError, KdcError, KdcUnreachableError, RejectedTokenError */
  s4u2proxy(evidence: EvidenceTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket>
  /** A ticket-granting ticket of one's own, issued to be handed to a service that is trusted with everything. @throws KdcError, KdcUnreachableError */
  forwardedTgt(options?: TicketOptions): Promise<ServiceTicket>
  /** A ticket to another service with a ticket-granting ticket that a caller forwarded. @throws KdcError, KdcUnreachableError, RejectedTokenError */
  ticketWith(tgt: ForwardedTicket, spn: string, options?: TicketOptions): Promise<ServiceTicket>
  /** A ticket to another service in a user's name, by the best way there is. @throws DelegationRefusedError, KdcError, KdcUnreachableError, RejectedTokenError */
  ticketAs(grounds: Grounds, spn: string, options?: TicketOptions): Promise<DelegatedTicket>
  /**
   * Writes the own ticket-granting ticket into a credential cache, as kinit does: what the cache had before is gone. In a folder and in
   * a KCM the caches of other principals stay, and this one becomes the current one. The name is as in KRB5CCNAME:
   * `await client.saveTo('FILE:/run/user/1000/krb5cc')`. For another ticket: `cache.store(credentialOf(ticket))`.
   * @throws as `ticketFor`; ConfigurationError where it cannot be written
   */
  saveTo(cache: string | NamedCredentialCache, options?: Pick<TicketOptions, 'signal'>): Promise<NamedCredentialCache>
  /**
   * Whether the own KDC leads to the KDCs of a realm: its own one, or by its referrals. @throws
   * KdcUnreachableError
   */
  trusts(realm: string, options?: { readonly signal?: AbortSignal }): Promise<boolean>
  /** By which way `ticketAs` would begin, and what stands against the others; without the network. */
  how(grounds: Grounds): Plan
}
