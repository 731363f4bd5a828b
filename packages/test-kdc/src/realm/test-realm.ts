import type { Keytab, PacContents, RandomSource } from '@s4u/krb5'
import type { Exchange, FastSupport } from '../kdc/kdc.js'
import type { ListenOptions, RealmAddress } from '../network/listen.js'
import type { Misbehaviour } from '../kdc/misbehave.js'
import type { AccountChange, TestPasswordPolicy, TestService, TestUser } from '../directory/settings.js'

/** The options of `createTestRealm`. */
export interface TestRealmOptions {
  /**
   * The name: `AD.TEST`. It is kept in upper case, as in Active Directory. The DNS domain has the
   * same name in lower case.
   */
  readonly realm: string
  /** Users by account name. Default: none. */
  readonly users?: Readonly<Record<string, TestUser>>
  /** Services and computers by account name. Default: none. */
  readonly services?: Readonly<Record<string, TestService>>
  /** Realms that this one trusts, in both directions. Default: none. */
  readonly trusts?: readonly (TestRealm | TestTrust)[]
  /**
   * The clock: a fixed time in milliseconds since the epoch, or a function. Default: the system
   * clock.
   */
  readonly now?: number | (() => number)
  /** Source of random octets, for tests that repeat. Default: that of the platform. */
  readonly random?: RandomSource
  /**
   * Milliseconds that a ticket lasts. Default: 10 hours. Members of Protected Users get 4 hours.
   */
  readonly ticketLifetime?: number
  /** Milliseconds for which a ticket can be renewed. Default: 7 days. */
  readonly renewLifetime?: number
  /** Milliseconds that the clocks of client and KDC may differ. Default: 5 minutes. */
  readonly clockSkew?: number
  /**
   * Octets of the largest reply over UDP. The client of a larger one gets KRB_ERR_RESPONSE_TOO_BIG,
   * and must ask by TCP. Default: 1465, as in Active Directory.
   */
  readonly udpReplyLimit?: number
  /**
   * Accepts the unkeyed checksum rsa-md5 over a TGS-REQ, which Windows clients send. Default: no.
   */
  readonly dangerouslyAcceptUnkeyedChecksums?: boolean
  /**
   * FAST ("Kerberos armoring" in Active Directory). Default: `offered`, as in Samba, MIT and
   * Heimdal. With `off` the KDC does not know FAST. With `required` ("Fail unarmored authentication
   * requests") users must sign in inside of FAST, and services need not.
   *
   * Source: RFC 6113, MS-KILE section 3.3.5.1.
   */
  readonly fast?: FastSupport
  /**
   * Takes the ticket of a machine as armor of a TGS-REQ, as Active Directory and Samba 4.22 do; MIT
   * does not. Default: no. Source: MS-KILE section 3.3.5.7.4.
   */
  readonly compoundIdentity?: boolean
  /** Rules for new passwords, which the password server checks. Default: none. */
  readonly passwordPolicy?: TestPasswordPolicy
  /** What the KDC does wrong from the beginning. Default: nothing. */
  readonly misbehave?: Misbehaviour
  /**
   * Changes the PACs of users before they are signed, as a KDC does that lies about its users: SIDs
   * of other domains, services that never acted. Default: no change.
   */
  readonly writePac?: (contents: PacContents) => PacContents
}

/** A trust, with settings of its own. */
export interface TestTrust {
  /** Another test realm, or the name of a real one. */
  readonly realm: TestRealm | string
  /** For a real realm: the password of the two krbtgt principals between the realms. */
  readonly password?: string
  /** DNS domains of the other realm. Default: its name in lower case. */
  readonly domains?: readonly string[]
  /**
   * Whether both KDCs filter the PACs that come over the trust, as Active Directory does between
   * forests. They remove claims, SIDs of their own domain, and SIDs of domains that do not belong
   * to the other realm. Default: true. Samba does not filter: `false`.
   */
  readonly sidFiltering?: boolean
}

/** Options of `realm.transport`. */
export interface TransportOptions {
  readonly signal?: AbortSignal
  /**
   * The realm whose KDC answers: this one or one that it trusts. Default: the one in the request.
   */
  readonly realm?: string
}

/**
 * A running realm. `await using realm = await createTestRealm(…)` closes it at the end of the
 * block.
 */
export interface TestRealm {
  /** The name: `AD.TEST`. */
  readonly realm: string
  /** The SID of the domain: `S-1-5-21-…`. A realm name has the same SID every time. */
  readonly domainSid: string
  /** What the KDC does wrong. Can be changed at any time: `realm.misbehave.wrongClient = true`. */
  readonly misbehave: Misbehaviour
  /** The last 10,000 requests with their outcomes, oldest first. */
  readonly exchanges: readonly Readonly<Exchange>[]
  /** The clock, in milliseconds since the epoch. Setting it stops the clock there. */
  now: number
  /**
   * The KDC as a function, for unit tests: request in, reply out. It can be given as the `kdc` of
   * `createKdcClient`.
   *
   * @throws Error when the KDC is `dead`, or the signal aborts
   */
  readonly transport: (request: Uint8Array, options?: TransportOptions) => Promise<Uint8Array>
  /**
   * The password server (RFC 3244) as a function. Users change their own passwords; members of
   * Domain Admins change those of all users.
   */
  readonly kpasswd: (request: Uint8Array, options?: { readonly signal?: AbortSignal }) => Promise<Uint8Array>
  /**
   * Returns the keytab of an account, found by account name or SPN. It has the keys under the
   * account name first, then under each SPN.
   *
   * @throws ConfigurationError for a name that the realm does not have
   */
  keytabFor(accountOrSpn: string): Keytab
  /** Returns the same as the octets of a keytab file. */
  keytabFile(accountOrSpn: string): Uint8Array
  /**
   * Returns the SID of an account or a group.
   *
   * @throws ConfigurationError for a name that the realm does not have
   */
  sidOf(name: string): string
  /**
   * Changes settings of an account: `realm.change('alice', { disabled: true })`. All other settings
   * stay.
   *
   * @throws ConfigurationError; nothing is changed then
   */
  change(name: string, settings: AccountChange): void
  /** Adds a user. @throws ConfigurationError when the name or an SPN is taken */
  addUser(name: string, user: TestUser): Promise<void>
  /** Adds a service. @throws ConfigurationError when the name or an SPN is taken */
  addService(name: string, service: TestService): Promise<void>
  /**
   * Gives an account new keys, of the next version. Without a password they are random. Old tickets
   * and keytabs stop working.
   */
  changePassword(name: string, password?: string): Promise<void>
  /**
   * Opens a port for the KDC (UDP and TCP) and one for the password server. Can be called more than
   * once.
   */
  listen(options?: ListenOptions): Promise<RealmAddress>
  /**
   * Returns a krb5.conf with the ports that this realm, and the realms that it trusts, listen on.
   */
  krb5Conf(libdefaults?: Readonly<Record<string, string | number | boolean>>): string
  /** Closes all ports. Replies that wait because the KDC is `slow` or `silent` are not sent. */
  [Symbol.asyncDispose](): Promise<void>
}
