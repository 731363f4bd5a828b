import type { Logger, OptionTableOf, RandomSource, RenamedOptions, Ticket } from '@s4u/krb5'
import type { ChannelBindingPolicy } from '../checks/channel-binding.js'
import type { EventListener } from '../events/events.js'
import type { KeytabSource } from '../keys/keytab-source.js'
import type { LocalNameOption } from '../identity/local-names.js'
import type { DomainSidsOption } from '../pac-authority/domain-sids.js'
import type { ForeignPacOption } from '../pac-authority/foreign-statements.js'
import type { VouchersOption } from '../pac-authority/vouchers.js'
import type { ReplayStore } from '../replay/replay-store.js'

export interface AcceptorOptions {
  /**
   * Default: the file of KRB5_KTNAME, else default_keytab_name of krb5.conf, else /etc/krb5.keytab.
   * A file is read again when it changes.
   */
  readonly keytab?: KeytabSource
  /**
   * The principals whose keys count, with or without realm: `HTTP/web.ad.test`. Default: every
   * `HTTP/…` of the keytab. Only tickets for these names are accepted, and for hosts by their first
   * label (`HTTP/web`). An account (`svc-web`), whose keytab does not say what its SPNs are, stands
   * for every `HTTP/…`, and `host/web.ad.test` for `HTTP/web.ad.test` as well.
   */
  readonly service?: string | readonly string[]
  /**
   * Other names by which clients may ask for the service, with tickets that open with one of its
   * keys: `HTTP/portal.ad.test` where that is another SPN of the same account; `HTTP/*` for any
   * host.
   */
  readonly serviceAliases?: readonly string[]
  /**
   * The krb5.conf that says what options do not, several with a colon between them; read once.
   * Default: KRB5_CONFIG, else /etc/krb5.conf, if it is there. Read are default_keytab_name,
   * clockskew, permitted_enctypes, allow_rc4 and ignore_acceptor_hostname, and auth_to_local where
   * `localNames` asks for it.
   */
  readonly krb5Config?: string
  /**
   * How far clocks may be apart, in milliseconds (krb5.conf counts seconds). Default: clockskew of
   * krb5.conf, else 300,000. Example: `clockSkew: 120_000`.
   */
  readonly clockSkew?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly random?: RandomSource
  /**
   * Where accepted authenticators are remembered. Default: one memory for all acceptors of this
   * process, up to 5 million, which a restart empties: a token that was captured within `clockSkew`
   * before can be shown once more. Several instances need a store in common; workers of
   * `node:cluster` have `clusterReplayStore()`. `false` accepts every replay: only for tests, and
   * where the channel itself forbids replays.
   */
  readonly replayCache?: ReplayStore | false
  /**
   * What becomes of a request while the store gives no answer. Default `refuse`. A full store
   * always refuses.
   */
  readonly onReplayStoreDown?: 'refuse' | 'accept'
  /**
   * `off` (default) looks at no bindings; `allow` refuses wrong ones, and missing ones of a client
   * that knows about them; `require` refuses whoever does not bind the channel.
   */
  readonly channelBinding?: ChannelBindingPolicy
  /**
   * Refuses tickets without a PAC: of every realm, or of those listed. Default: of each realm whose
   * users' tickets have SIDs, as `domainSids` says or a ticket has shown; of other realms, users
   * without a PAC sign in, and what asks for their groups throws. `false`: no PAC means no groups,
   * also for a user who asked for none (`kinit --no-request-pac`) to be in no list of the banned.
   */
  readonly requirePac?: boolean | readonly string[]
  /**
   * The SID of the domain of each realm: `{ 'CORP.TEST': 'S-1-5-21-1-2-3' }`, or `false` for a
   * realm that has none (MIT, Heimdal). No other realm may speak for it. Default: learned, that of
   * the service's own realm from the first ticket of one of its users; before, no SID of foreign
   * users is believed. With keys of several realms, each must be known. Source: MS-PAC section
   * 4.1.2.2.
   */
  readonly domainSids?: DomainSidsOption
  /**
   * What else is believed of the PACs of users of other realms, of all or by realm: `{
   * 'PARTNER.TEST': ['resourceGroups', 'upn'] }`. Default: nothing but the SIDs of their realm's
   * own domain. Only for realms whose KDC you would let say it, or where your own KDC is known to
   * filter at the trust.
   */
  readonly foreignPac?: ForeignPacOption
  /**
   * With keys of several realms in the keytab: by realm of the key that opens a ticket, the others
   * of them whose users it may name: `{ 'WEST.TEST': ['EAST.TEST'] }`. Default: none, so that the
   * KDC of one cannot name users of another. A realm of which there is no key is a matter of
   * `trustedRealms`.
   */
  readonly mayVouchFor?: VouchersOption
  /**
   * Gets a ticket of the service for itself, whose PAC says the domain SID of its realm: asked for
   * when a foreign user comes and it is not known. `@s4u/negotiate` does so by itself where it is
   * told of a KDC. Default: none.
   */
  readonly ownTicket?: (signal: AbortSignal) => Promise<Ticket>
  /** Lets rc4-hmac in, for tickets and session keys. Default `false`. */
  readonly allowWeakEncryption?: boolean
  /**
   * Encryption types that keys of the service, session keys and those of clients may have. Default:
   * permitted_enctypes of krb5.conf (with rc4-hmac only where `allow_rc4 = true` stands beside it),
   * else all but rc4-hmac. Example: `[18, 20]`, AES with 256 bits alone.
   */
  readonly permittedEncryptionTypes?: readonly number[]
  /**
   * A host in `service` stands for every host: `HTTP/web.ad.test` for each `HTTP/…` of the keytab.
   * It makes services of one machine each other's. Default: ignore_acceptor_hostname of krb5.conf,
   * else `false`.
   */
  readonly ignoreAcceptorHostname?: boolean
  /**
   * Whose users are accepted besides those of the service's own realm. Default: every realm on
   * whose path a KDC vouches (transited-policy-checked, a direct trust, or a PAC with SIDs: domain
   * controllers check paths by their own rules and set no flag). Whatever the path, a realm speaks
   * for its own domain alone: see `domainSids`.
   */
  readonly trustedRealms?: readonly string[]
  /** Accepts `WELLKNOWN/ANONYMOUS`, at level `anonymous`. Default `false`. */
  readonly allowAnonymous?: boolean
  /**
   * Compares the addresses in tickets that have some with `clientAddress`. Default `false`: they
   * break behind NAT and proxies.
   */
  readonly checkAddresses?: boolean
  /**
   * What becomes of a ticket-granting ticket that a client forwards with its token (unconstrained
   * delegation): `ignore` (default) does not look at it, and an `exchange` event says that there
   * was one; `use` keeps it as `evidence.forwardedTgt`, when it is one of the caller for a KDC of
   * the caller's realm or of the service's, and refuses the token else. With it a service acts as
   * the caller everywhere, whatever the directory lists. Example: `{ forwardedTickets: 'use' }`.
   * Source: RFC 4121 section 4.1.1.
   */
  readonly forwardedTickets?: ForwardedTickets
  /**
   * Opened tickets that are kept for the next request, as long as they hold at most 64 MiB of
   * memory together. Default 4,096; 0 keeps none.
   */
  readonly openedTicketCacheSize?: number
  /**
   * @deprecated Since 0.2: write `openedTicketCacheSize`. The `ticketCache` of a negotiator is
   * another one.
   */
  readonly ticketCacheSize?: number
  /**
   * How `identity.localName` is made. Default: a principal of the service's own realm with one
   * component is called by that (`alice` of `alice@AD.TEST`), and nobody else has a local name.
   * Otherwise rules as in krb5.conf, `['RULE:[1:$1@$0](^.*@WEST\\.TEST$)s/@.*$/.west/',
   * 'DEFAULT']`, with names of single principals, `{ rules, names: { 'bob@WEST.TEST': 'bob2' } }`;
   * a `Krb5Conf`; `'krb5.conf'`: that of this machine (`krb5Config`), read once; or a function.
   * Rules that do not look at the realm (`$0`) are about the own one alone. Source: MIT krb5
   * documentation, "krb5.conf", auth_to_local.
   */
  readonly localNames?: LocalNameOption
  readonly onEvent?: EventListener
  /**
   * Where what happens is written for people, each refusal with its hint. Default: nowhere, but
   * with NODE_DEBUG=s4u on the standard error, and else the first refusal of each kind as a warning
   * of the process (S4U_REFUSED). Example: `{ logger: console }`.
   */
  readonly logger?: Logger
}

export type ForwardedTickets = 'ignore' | 'use'

/** Every name in AcceptorOptions; others are refused. */
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
