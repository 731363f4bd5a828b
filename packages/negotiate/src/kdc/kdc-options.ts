import { CACHE_OPTIONS, type KdcClientOptions, type KdcConnectionsOptions, type OptionTableOf } from '@s4u/kdc-client'

/** How the service asks KDCs, to act for its callers and to sign users in. */
export interface KdcOptions {
  /**
   * The KDCs, for delegation: addresses, addresses by realm, or a transport of one's own. Default:
   * KRB5_CONFIG, then DNS.
   */
  readonly kdc?: KdcClientOptions['kdc']
  /**
   * The password servers, for users who change an expired password at sign-in (`identityFor({ user,
   * password, newPassword })`), written as `kdc`; port 464 where none is said. Default: the hosts
   * of `kdc`, else those of krb5.conf and DNS.
   */
  readonly kpasswd?: KdcConnectionsOptions['kpasswd']
  /**
   * For one exchange with a KDC, failover and the wait in the queue included; milliseconds, default
   * 10,000. It holds for a `kdc` function too.
   */
  readonly kdcTimeLimit?: number
  /**
   * NetBIOS names of domains, for users written `CORP\\bob`: `{ CORP: 'CORP.TEST' }`. Default: the
   * first label of the own realm.
   */
  readonly domains?: KdcClientOptions['domains']
  /**
   * How many tickets of users are kept, for how long a refusal is, and whether other instances
   * share them.
   */
  readonly ticketCache?: KdcClientOptions['cache']
  /**
   * With whose ticket sign-ins at the KDC are armored (FAST), the service's own and those of users
   * with passwords: credentials of this machine. For accounts that an authentication policy limits
   * to certain devices. Default: the service's own ticket armors those of users. Example: `{
   * keytab: '/etc/krb5.keytab' }`.
   */
  readonly armor?: KdcClientOptions['armor']
  /**
   * Whether users' passwords go to the KDC in armor, so that nobody who listens can try words on
   * them. `allow` (default): where the KDC offers it; where it is known to, not without. `require`:
   * not without. `off`: never.
   */
  readonly fast?: KdcClientOptions['fast']
  /** Encryption types to ask tickets with, best first. Default: AES and Camellia. */
  readonly encryptionTypes?: readonly number[]
}

/** Every name in KdcOptions; others are refused. */
export const KDC_OPTIONS = {
  kdc: 'map',
  kpasswd: 'map',
  kdcTimeLimit: 'value',
  domains: 'map',
  ticketCache: CACHE_OPTIONS,
  armor: 'value',
  fast: 'value',
  encryptionTypes: 'value',
} as const satisfies OptionTableOf<KdcOptions>
