import type { Directory } from '@s4u/directory'
import type { KdcClient, KdcClientOptions } from '@s4u/kdc-client'
import type { Keytab, OptionTableOf } from '@s4u/krb5'
import type { NtlmOptions } from '@s4u/ntlm'
import type { Finding } from '../engine/finding.js'

/** Which service is looked at, and from where. */
export interface DiagnoseOptions {
  /** A path, the octets, or a keytab. */
  readonly keytab: string | Uint8Array | Keytab
  /**
   * The service principal name: `HTTP/web.corp.test`. Default: that of `url`, else the first of the
   * keytab.
   */
  readonly service?: string
  /** The account that speaks to the KDC. Default: the first name without a slash in the keytab. */
  readonly principal?: string
  /** Where the service answers: `https://web.corp.test`. Default: it is not asked. */
  readonly url?: string | URL
  /** A user in whose name the service is to act: `alice`. Default: no user is looked at. */
  readonly as?: string
  /**
   * The services that it is to call in the user's name: `['HTTP/api.corp.test']`. Default: none.
   */
  readonly to?: readonly string[]
  /** KDCs, as for `createKdcClient`. Default: krb5.conf, then DNS. */
  readonly kdc?: KdcClientOptions['kdc']
  /** The krb5.conf to read. Default: KRB5_CONFIG, else /etc/krb5.conf. */
  readonly krb5Config?: string
  /**
   * The directory, made by `openDirectory`, or a function that opens it as the service. Default: no
   * directory is asked, and what only a directory knows is left out.
   */
  readonly directory?: Directory | ((client: KdcClient) => Directory | undefined)
  /** Name servers to ask, instead of those of this machine: `['10.0.0.1']`. */
  readonly dnsServers?: readonly string[]
  /**
   * Certificates of the authorities that the service's certificate comes from, PEM. Default:
   * Node's.
   */
  readonly ca?: string | Uint8Array
  /**
   * The sites to which the policies of browsers send tickets (AuthServerAllowlist,
   * network.negotiate-auth.trusted-uris): `['*.corp.test', 'corp.test']`. Default: it is not known,
   * and what to write there is said.
   */
  readonly browserZones?: readonly string[]
  /**
   * Stores that the service shares with other instances, each with a function that asks it
   * something
   * harmless: `{ replay: () => redis.ping() }`.
   */
  readonly stores?: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>
  /**
   * What the service gives to `ntlm()`, where it accepts NTLM: its machine account signs in at each
   * domain controller. Default: NTLM is not looked at.
   */
  readonly ntlm?: NtlmOptions
  /** For one check; milliseconds, default 10,000. */
  readonly timeLimit?: number
  readonly signal?: AbortSignal
  /** Hears each finding as soon as it is known. */
  readonly onFinding?: (finding: Finding) => void
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** Every name in DiagnoseOptions; others are refused. */
export const DIAGNOSE_OPTIONS = {
  keytab: 'value',
  service: 'value',
  principal: 'value',
  url: 'value',
  as: 'value',
  to: 'value',
  kdc: 'map',
  krb5Config: 'value',
  directory: 'value',
  dnsServers: 'value',
  ca: 'value',
  browserZones: 'value',
  stores: 'map',
  ntlm: 'value',
  timeLimit: 'value',
  signal: 'value',
  onFinding: 'function',
  now: 'function',
} as const satisfies OptionTableOf<DiagnoseOptions>
