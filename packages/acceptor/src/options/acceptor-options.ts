import type { Logger, OptionTableOf, RandomSource, RenamedOptions, Ticket } from '@s4u/krb5'
import type { ChannelBindingPolicy } from '../checks/channel-binding.js'
import type { EventListener } from '../events/events.js'
import type { KeytabSource } from '../keys/keytab-source.js'
import type { LocalNameOption } from '../identity/local-names.js'
import type { DomainSidsOption } from '../pac-authority/domain-sids.js'
import type { ForeignPacOption } from '../pac-authority/foreign-statements.js'
import type { VouchersOption } from '../pac-authority/vouchers.js'
import type { ReplayStore } from '../replay/replay-store.js'

/** Options of `createAcceptor`. Each has a default; only a keytab must exist somewhere. */
export interface AcceptorOptions {
  /**
   * Where the service's keys are: a path, the octets, a `Keytab`, a function, or a list of these.
   * Default: the file that KRB5_KTNAME names, else `default_keytab_name` of krb5.conf, else
   * /etc/krb5.keytab. A file is read again when it changes. Example: `'/etc/web.keytab'`.
   */
  readonly keytab?: KeytabSource
  /**
   * The service names (SPNs) that tickets may be for, with or without realm. Default: every
   * `HTTP/…` in the keytab. Example: `'HTTP/web.ad.test'`.
   *
   * - A host is also accepted by its first label: `HTTP/web`.
   * - An account (`svc-web`) stands for every `HTTP/…`: its keytab does not list its SPNs.
   * - `host/web.ad.test` stands for `HTTP/web.ad.test` too, as in Active Directory.
   */
  readonly service?: string | readonly string[]
  /**
   * Further names by which clients may ask for the service, if the ticket opens with one of its
   * keys. Default: none. Example: `['HTTP/portal.ad.test']` for another SPN of the same account;
   * `HTTP/*` is every host.
   */
  readonly serviceAliases?: readonly string[]
  /**
   * The path of the krb5.conf that supplies what the options leave out; several paths with a colon
   * between them. Default: KRB5_CONFIG, else /etc/krb5.conf if that file exists. It is read once,
   * for `default_keytab_name`, `clockskew`, `permitted_enctypes`, `allow_rc4`,
   * `ignore_acceptor_hostname`, and for `auth_to_local` where `localNames` asks for it.
   */
  readonly krb5Config?: string
  /**
   * How far the clocks of client and server may differ, in milliseconds (krb5.conf counts seconds).
   * Default: `clockskew` of krb5.conf, else 300,000. Example: `120_000`.
   */
  readonly clockSkew?: number
  /** The clock, in milliseconds since the epoch. Default: `Date.now`. Tests pass a frozen one. */
  readonly now?: () => number
  /** The source of random octets. Default: that of the platform. */
  readonly random?: RandomSource
  /**
   * The replay cache: where accepted authenticators are remembered, so that a captured token is not
   * accepted a second time. Default: one memory for all acceptors of this process, for up to
   * 5 million tokens. A restart empties it: a token that was captured within `clockSkew` before can
   * then be shown once more. Several instances of a service need a store in common; the workers of
   * `node:cluster` have `clusterReplayStore()`. `false` accepts every replay: only for tests, and
   * where the channel itself prevents replays.
   */
  readonly replayCache?: ReplayStore | false
  /**
   * What happens to a request while the replay store does not answer: `refuse` (default, HTTP 503)
   * or `accept`, open to replays. A full store always refuses.
   */
  readonly onReplayStoreDown?: 'refuse' | 'accept'
  /**
   * Whether a token must be bound to the TLS connection that it comes on. Without the binding, a
   * server that the client trusts can pass the token on to this service.
   *
   * - `off` (default) ignores bindings.
   * - `allow` refuses wrong bindings, and missing ones of clients that know about bindings.
   * - `require` refuses every token that is not bound.
   */
  readonly channelBinding?: ChannelBindingPolicy
  /**
   * Refuses tickets without a PAC: `true` of every realm, or a list of realms. Default: of each
   * realm whose users have SIDs, as `domainSids` says or an earlier ticket has shown. Users of
   * other realms sign in without a PAC, and code that asks for their groups throws. `false` takes a
   * missing PAC as "in no group", also for a user who asked for no PAC (`kinit --no-request-pac`)
   * to stay out of a group that is banned.
   */
  readonly requirePac?: boolean | readonly string[]
  /**
   * The domain SID of each realm: `{ 'CORP.TEST': 'S-1-5-21-1-2-3' }`, or `false` for a realm that
   * has none (MIT, Heimdal). No other realm may speak for that domain. Default: learned, for the
   * service's own realm from the first ticket of one of its users; until then no SID of users of
   * other realms is believed. With keys of several realms, the SID of each must be known.
   * Source: MS-PAC section 4.1.2.2.
   */
  readonly domainSids?: DomainSidsOption
  /**
   * What else is believed of the PACs of users of other realms, for all realms or for each:
   * `{ 'PARTNER.TEST': ['resourceGroups', 'upn'] }`. Default: only the SIDs of their own realm's
   * domain. List a realm only if you trust its KDC to say these things, or if your own KDC filters
   * at the trust.
   */
  readonly foreignPac?: ForeignPacOption
  /**
   * For a keytab with keys of several realms: whose users each realm's KDC may name beside its own.
   * `{ 'WEST.TEST': ['EAST.TEST'] }` lets a ticket that opens with a key of WEST.TEST name a user
   * of EAST.TEST. Default: none, so that no KDC can name users of another one. Realms without a key
   * in the keytab are a matter of `trustedRealms`.
   */
  readonly mayVouchFor?: VouchersOption
  /**
   * A function that gets a ticket of the service for itself. The PAC of that ticket shows the
   * domain SID of the service's realm; it is asked for when a user of another realm comes and the
   * SID is not known. Default: none. `@s4u/negotiate` supplies the function where it knows a KDC.
   */
  readonly ownTicket?: (signal: AbortSignal) => Promise<Ticket>
  /** Accepts rc4-hmac, for tickets and session keys. Default: `false`. */
  readonly allowWeakEncryption?: boolean
  /**
   * The encryption types, as numbers, that keys of the service, session keys and keys of clients
   * may have. Default: `permitted_enctypes` of krb5.conf (with rc4-hmac only if `allow_rc4 = true`
   * stands beside it), else all but rc4-hmac. Example: `[18, 20]`, which is AES with 256 bits.
   */
  readonly permittedEncryptionTypes?: readonly number[]
  /**
   * Lets a host in `service` stand for every host: `HTTP/web.ad.test` for each `HTTP/…` of the
   * keytab. Services of one machine can then use each other's tickets. Default:
   * `ignore_acceptor_hostname` of krb5.conf, else `false`.
   */
  readonly ignoreAcceptorHostname?: boolean
  /**
   * The other realms whose users are accepted. Default: every realm whose path a KDC vouches for
   * (transited-policy-checked, a direct trust, or a PAC with SIDs: domain controllers check paths
   * by their own rules and set no flag). Whatever the path, a realm speaks only for its own domain:
   * see `domainSids`. Example: `['PARTNER.TEST']`.
   */
  readonly trustedRealms?: readonly string[]
  /** Accepts `WELLKNOWN/ANONYMOUS`, at the level `anonymous`. Default: `false`. */
  readonly allowAnonymous?: boolean
  /**
   * Compares the addresses in a ticket, if it has some, with `clientAddress`. Default: `false`,
   * because such tickets fail behind NAT and proxies.
   */
  readonly checkAddresses?: boolean
  /**
   * What happens to a ticket-granting ticket (TGT) that a client forwards with its token
   * (unconstrained delegation). With the TGT, a service acts as the caller everywhere, whatever the
   * directory lists. Source: RFC 4121 section 4.1.1.
   *
   * - `ignore` (default) does not read it; an `exchange` event says that there was one.
   * - `use` keeps it as `evidence.forwardedTgt`, if it is the caller's, for a KDC of the caller's
   *   or the service's realm; otherwise the token is refused.
   */
  readonly forwardedTickets?: ForwardedTickets
  /**
   * How many opened tickets are kept for later requests with the same ticket. Default: 4,096, in at
   * most 64 MiB of memory; 0 keeps none.
   */
  readonly openedTicketCacheSize?: number
  /**
   * @deprecated Since 0.2: write `openedTicketCacheSize`. The `ticketCache` of a negotiator holds
   * other tickets.
   */
  readonly ticketCacheSize?: number
  /**
   * How `identity.localName` is made. Default: `alice` for `alice@AD.TEST` of the service's own
   * realm, and no local name for anyone else. Source: MIT krb5 documentation, "krb5.conf",
   * auth_to_local.
   *
   * - rules as in krb5.conf: `['RULE:[1:$1@$0](^.*@WEST\\.TEST$)s/@.*$/.west/', 'DEFAULT']`; a rule
   *   that does not look at the realm (`$0`) applies only to the own realm
   * - rules with names of single principals: `{ rules, names: { 'bob@WEST.TEST': 'bob2' } }`
   * - a `Krb5Conf`, or `'krb5.conf'` for the file of this machine (see `krb5Config`)
   * - a function
   */
  readonly localNames?: LocalNameOption
  /** Called with each event: accepted, refused and continued tokens, keytabs, the replay store. */
  readonly onEvent?: EventListener
  /**
   * Where lines for people are written, each refusal with its hint. Default: no log, but with
   * NODE_DEBUG=s4u everything goes to standard error; without it, the first refusal of each kind is
   * a warning of the process (S4U_REFUSED). Example: `console`.
   */
  readonly logger?: Logger
}

/** What happens to a forwarded ticket-granting ticket: see the option `forwardedTickets`. */
export type ForwardedTickets = 'ignore' | 'use'

/** Every name in AcceptorOptions; other names are refused. */
export const ACCEPTOR_OPTIONS = {
  keytab: 'value',
  service: 'value',
  serviceAliases: 'texts',
  krb5Config: 'value',
  clockSkew: 'value',
  now: 'function',
  random: 'function',
  replayCache: 'value',
  onReplayStoreDown: 'value',
  channelBinding: 'value',
  requirePac: 'value',
  domainSids: 'map',
  foreignPac: 'map',
  mayVouchFor: 'map',
  ownTicket: 'function',
  allowWeakEncryption: 'flag',
  permittedEncryptionTypes: 'value',
  ignoreAcceptorHostname: 'flag',
  trustedRealms: 'texts',
  allowAnonymous: 'flag',
  checkAddresses: 'flag',
  forwardedTickets: 'value',
  openedTicketCacheSize: 'value',
  ticketCacheSize: 'value',
  localNames: 'value',
  onEvent: 'function',
  logger: 'value',
} as const satisfies OptionTableOf<AcceptorOptions>

/** Old names of options, which work in 0.2. */
export const RENAMED_OPTIONS: RenamedOptions<AcceptorOptions> = { ticketCacheSize: 'openedTicketCacheSize' }
