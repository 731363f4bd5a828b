import type { Logger, OptionTable, OptionTableOf, RandomSource } from '@s4u/krb5'
import type { TicketStoreOptions } from '../cache/sealed-tickets.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import type { KdcCredentials } from '../credentials/credentials.js'
import type { MayFollow } from '../exchange/kdc-context.js'
import type { DnsSource } from '../locate/dns-lookup.js'
import type { KdcConnections } from '../locate/kdc-connections.js'
import type { KdcLocation } from '../locate/kdc-location.js'
import type { DomainNames } from '../tickets/s4u-user.js'
import type { KdcClient } from './kdc-client.js'

/** Options of `createKdcClient`: who asks, which KDC, and within which limits. */
export interface KdcClientOptions {
  /**
   * The realm to sign in to, if the credentials do not name it: `'AD.TEST'`. Default: the realm of
   * the keytab, else default_realm of krb5.conf.
   */
  readonly realm?: string
  /**
   * Where the KDCs are: one address, several, addresses by realm, or a function that sends
   * requests. Example: `kdc: { 'AD.TEST': ['dc1.ad.test', 'dc2.ad.test'] }`. Default: krb5.conf,
   * then DNS.
   */
  readonly kdc?: KdcLocation
  /**
   * The krb5.conf to read; several paths with a colon between them. Default: KRB5_CONFIG, else
   * /etc/krb5.conf. With `kdc`, none is read unless this option names it.
   */
  readonly krb5Config?: string
  /**
   * How the client proves its identity: `{ principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }`.
   */
  readonly credentials: KdcCredentials
  /**
   * The credentials, or another client, whose ticket armors sign-in (FAST). With armor, an attacker
   * on the network cannot try passwords on the messages, and accounts can sign in that an
   * authentication policy limits to certain devices. Example: `{ keytab: '/etc/krb5.keytab' }`, the
   * ticket of this machine, as with `kinit -T`. Default: the client's own ticket-granting ticket,
   * from its second sign-in on. Source: RFC 6113 section 5.4.1.1.
   */
  readonly armor?: KdcArmor
  /**
   * When sign-in is armored (FAST).
   *
   * - `allow` (default): if there is a ticket to armor it with, and the KDC accepts it. A password
   *   is not sent without armor to a realm whose KDCs are known to accept it, whatever they answer.
   * - `require`: always. Needs `armor`. With a credential cache or a forwarded ticket, it concerns
   *   the requests for tickets.
   * - `off`: never.
   */
  readonly fast?: FastMode
  /**
   * The encryption types to offer, best first: `[18, 17]`. Default: default_tkt_enctypes (at
   * sign-in) and default_tgs_enctypes of krb5.conf, else permitted_enctypes, else AES with SHA-1,
   * AES with SHA-2, and Camellia. RC4 is offered only if it is named here, or in krb5.conf with
   * `allow_rc4 = true`.
   */
  readonly encryptionTypes?: readonly number[]
  /** Whether sign-in asks for a PAC. Without a PAC there is no delegation. Default: `true`. */
  readonly pac?: boolean
  /**
   * Whether sign-in accepts the name as the KDC spells it, also if the given name is an alias.
   * Default: canonicalize of krb5.conf, else for enterprise names only.
   */
  readonly canonicalize?: boolean
  /**
   * Whether sign-in asks for a forwardable ticket-granting ticket. Without one, no directory lets a
   * service act for users. Default: forwardable of krb5.conf, else `true`.
   */
  readonly forwardable?: boolean
  /**
   * How long the ticket-granting ticket is asked for, milliseconds; the KDC gives what its limits
   * allow. Default: ticket_lifetime of krb5.conf, else 86,400,000 (24 hours). Example:
   * `lifetime: 3_600_000`.
   */
  readonly lifetime?: number
  /**
   * How long the ticket-granting ticket is to be renewable, milliseconds; the KDC gives what its
   * limits allow. Default: renew_lifetime of krb5.conf, else it is not asked for, and a KDC that
   * cannot give the whole lifetime may give a renewable ticket in its place. Example:
   * `renewableFor: 604_800_000` (a week).
   */
  readonly renewableFor?: number
  /**
   * Whether a sign-in with an enterprise name may go on in another realm, when a KDC answers that
   * the name belongs there (KDC_ERR_WRONG_REALM). That answer is not authenticated, and the next
   * KDC gets a proof of the password. Default: only realms whose KDCs `kdc` or krb5.conf names;
   * none is looked up in DNS. A `kdc` list without realms, and a `kdc` function, stand for all
   * realms. Example, with the client of a service, which knows the trusts:
   * `mayFollow: (realm, { signal }) => service.trusts(realm, { signal })`. Source: RFC 6806 section
   * 7.
   */
  readonly mayFollow?: MayFollow
  /**
   * The realms of NetBIOS domain names, for users written `CORP\alice`: `{ CORP: 'CORP.TEST' }`.
   * Default: the first label of the client's realm is its NetBIOS name.
   */
  readonly domains?: DomainNames
  /**
   * The time limit of one exchange with a KDC, including failover and the wait in the queue;
   * milliseconds. It also limits a `kdc` function. Default: request_timeout of krb5.conf, else
   * 10,000.
   */
  readonly timeLimit?: number
  /**
   * The certificates of the authorities that may vouch for an HTTPS proxy to KDCs; PEM. Default:
   * http_anchors of krb5.conf, else the authorities that Node trusts.
   */
  readonly proxyTrust?: ProxyTrust
  /**
   * Connections that clients share, made with `createKdcConnections`. They replace `kdc`,
   * `krb5Config`, `timeLimit`, `proxyTrust` and `dns`. Default: the client has its own.
   */
  readonly connections?: KdcConnections
  /** Limits of the ticket cache, and a store for several instances: `{ maxBytes: 16 << 20 }`. */
  readonly cache?: CacheOptions
  /**
   * What events, lines and traces call the client until a KDC has answered as it does of an account
   * of its name. For names that people type, some of whom type their password there; errors have
   * the name all the same. Default: the name of `credentials`. Example: `'unknown 3f2a9c01'`.
   */
  readonly shownAs?: string
  /**
   * The logger that gets a line for each exchange and each answer of the cache: `logger: console`.
   * Default: none; with NODE_DEBUG=s4u, standard error. A trace of the network goes to the file
   * that KRB5_TRACE names.
   */
  readonly logger?: Logger
  /** The clock, for tests; milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
  /** The source of random octets, for tests. Default: that of the platform. */
  readonly random?: RandomSource
  /** Answers in place of the system's resolver, for tests. */
  readonly dns?: DnsSource
}

/** Credentials of a machine, or a client, whose tickets armor the sign-ins of others. */
export type KdcArmor = KdcCredentials | KdcClient

/** Whether requests are armored (RFC 6113): where the KDC offers it, always, or never. */
export type FastMode = 'allow' | 'require' | 'off'

/** Options of the cache of tickets: how much it may take, and with whom it is shared. */
export interface CacheOptions {
  /** Octets that the tickets of users may take. Default: 67,108,864 (64 MiB). */
  readonly maxBytes?: number
  /**
   * How long a refusal of a KDC is remembered; milliseconds, at most 60,000. Nothing authenticates
   * a refusal, so a forged one would hold for as long. One that came by UDP only is not remembered.
   * Default: 10,000.
   */
  readonly refusedFor?: number
  /**
   * A store that several instances of a service share; the tickets in it are encrypted. Default:
   * none.
   */
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
  shared: { store: 'value', secret: 'value', leaseFor: 'value' } satisfies OptionTableOf<TicketStoreOptions>,
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
  lifetime: 'value',
  renewableFor: 'value',
  mayFollow: 'function',
  domains: 'map',
  timeLimit: 'value',
  proxyTrust: 'value',
  connections: 'value',
  cache: CACHE_OPTIONS,
  shownAs: 'value',
  logger: 'value',
  now: 'function',
  random: 'function',
  dns: 'value',
} as const satisfies OptionTableOf<KdcClientOptions>
