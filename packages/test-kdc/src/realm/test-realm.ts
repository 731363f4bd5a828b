import type { Keytab, PacContents, RandomSource } from '@s4u/krb5'
import type { Exchange, FastSupport } from '../kdc/kdc.js'
import type { ListenOptions, RealmAddress } from '../network/listen.js'
import type { Misbehaviour } from '../kdc/misbehave.js'
import type { AccountChange, TestPasswordPolicy, TestService, TestUser } from '../directory/settings.js'

/** A realm for tests, as people write it down. */
export interface TestRealmOptions {
  /** `AD.TEST`; kept in upper case, as Active Directory does. The DNS domain is the same in lower case. */
  readonly realm: string
  readonly users?: Readonly<Record<string, TestUser>>
  readonly services?: Readonly<Record<string, TestService>>
  /** Realms with a trust in both directions, or what a trust looks like in detail. */
  readonly trusts?: readonly (TestRealm | TestTrust)[]
  /** The clock: a fixed time in milliseconds since the epoch, or a function. Default: the system's. */
  readonly now?: number | (() => number)
  readonly random?: RandomSource
  /** Milliseconds. Default: 10 hours, and 7 days for renewal. Members of Protected Users get 4 hours. */
  readonly ticketLifetime?: number
  readonly renewLifetime?: number
  /** Milliseconds that clocks may differ. Default: 5 minutes. */
  readonly clockSkew?: number
  /** Octets of the largest reply over UDP; larger ones are KRB_ERR_RESPONSE_TOO_BIG. Default 1465, as in Active Directory. */
  readonly udpReplyLimit?: number
  /** Accept the unkeyed checksum rsa-md5 over a TGS-REQ, which Windows clients send. Default: no. */
  readonly dangerouslyAcceptUnkeyedChecksums?: boolean
  /**
   * FAST, "Kerberos armoring" in Active Directory: `off`, as if there were no such thing;
   * `offered`, the default, as in Samba, MIT and Heimdal; `required` of users, not of services:
   * "Fail unarmored authentication requests". Source: RFC 6113, MS-KILE section 3.3.5.1.
   */
  readonly fast?: FastSupport
  /**
   * Takes a machine's ticket as armor of requests for tickets, as Active Directory and newer Sambas
   * do; MIT does not. Default: no. Source: MS-KILE section 3.3.5.7.4.
   */
  readonly compoundIdentity?: boolean
  /** What `kpasswd` asks of new passwords. Default: nothing. */
  readonly passwordPolicy?: TestPasswordPolicy
  /** Switches that are on from the beginning. */
  readonly misbehave?: Misbehaviour
  /** What a lying KDC writes into the PACs of its users instead: SIDs of other domains, services that never acted. Signed like any. */
  readonly writePac?: (contents: PacContents) => PacContents
}

/** A trust in detail. */
export interface TestTrust {
  /** Another embedded realm, or the name of a real one. */
  readonly realm: TestRealm | string
  /** For a real realm: the password of both krbtgt principals between the two. */
  readonly password?: string
  /** DNS domains of the other realm. Default: its name in lower case. */
  readonly domains?: readonly string[]
  /**
   * Whether both KDCs filter the PACs that come over the trust, as Active Directory does between forests: no SIDs of their own domain, none
   * of a domain that is not behind the trust, no claims. Default true. `false` is what Samba does, for tests of who relies on it.
   */
  readonly sidFiltering?: boolean
}

/** Where the KDC client's in-memory transport sends a request. */
export interface TransportOptions {
  readonly signal?: AbortSignal
  /** The realm whose KDC is meant: this one or one that it trusts. Default: the one that the request names. */
  readonly realm?: string
}

/** A running realm. `await using realm = await createTestRealm(…)` closes everything in the end. */
export interface TestRealm {
  /** `AD.TEST` */
  readonly realm: string
  /** `S-1-5-21-…`, the same for the same realm name every time. */
  readonly domainSid: string
  /** What the KDC does wrong; switches may be turned at any time. */
  readonly misbehave: Misbehaviour
  /** The requests so far and what became of them, oldest first; the last 10,000. */
  readonly exchanges: readonly Readonly<Exchange>[]
  /** Milliseconds since the epoch. Setting it stops the clock there. */
  now: number
  /** The KDC as a function, for unit tests: request in, reply out. @throws when the KDC is `dead`, or the signal aborts */
  readonly transport: (request: Uint8Array, options?: TransportOptions) => Promise<Uint8Array>
  /**
   * The password server (RFC 3244) as a function: users change their own passwords, members of Domain Admins everybody's.
   */
  readonly kpasswd: (request: Uint8Array, options?: { readonly signal?: AbortSignal }) => Promise<Uint8Array>
  /** The keys of a service, by account name or SPN: under the account name first, then under each SPN. @throws ConfigurationError */
  keytabFor(accountOrSpn: string): Keytab
  /** The same as the octets of a keytab file. */
  keytabFile(accountOrSpn: string): Uint8Array
  /** The SID of an account or a group. @throws ConfigurationError */
  sidOf(name: string): string
  /** Changes an account's settings from now on: `realm.change('alice', { disabled: true })`. @throws ConfigurationError */
  change(name: string, settings: AccountChange): void
  addUser(name: string, user: TestUser): Promise<void>
  addService(name: string, service: TestService): Promise<void>
  /** New keys, of the next version; without a password they are random. Old tickets and keytabs stop working. */
  changePassword(name: string, password?: string): Promise<void>
  /** Answers on UDP and TCP, on the same port, and on another one as the password server. May be called more than once. */
  listen(options?: ListenOptions): Promise<RealmAddress>
  /** A krb5.conf for clients of this realm and of the realms that it trusts, as far as they listen. */
  krb5Conf(libdefaults?: Readonly<Record<string, string | number | boolean>>): string
  /** Closes what listens, and gives up the replies that wait because the KDC is `slow` or `silent`. */
  [Symbol.asyncDispose](): Promise<void>
}
