import type { KdcClient, KdcClientOptions, KdcCredentials, ServiceTicket } from '@s4u/kdc-client'
import type { OptionTableOf } from '@s4u/krb5'

/** The options of `initializeClient`. The first four are those of npm `kerberos`. */
export interface InitializeClientOptions {
  /**
   * The name that signs in: `jdoe@AD.TEST`. Default: the owner of the credential cache, or of the
   * keytab.
   */
  principal?: string
  /**
   * The bits of `GSS_C_…`. Default: `GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG`. Messages can be
   * signed and sealed whatever is asked for, as with MIT's library.
   */
  flags?: number
  /** The same, by the name that the types of npm `kerberos` have. `flags` counts before it. */
  gssFlag?: number
  /** The mechanism: `GSS_MECH_OID_KRB5` (default) or `GSS_MECH_OID_SPNEGO`. */
  mechOID?: number
  /** The name that signs in with `password`: another name of `principal`. */
  user?: string
  /** The password of `user`. Default: none; an empty text counts as none. */
  password?: string
  /** The same, by the name that the types of npm `kerberos` have. */
  pass?: string
  /** The keytab of the name that signs in: a path, octets, base64, or a `Keytab`. */
  keytab?: Extract<KdcCredentials, { keytab: unknown }>['keytab']
  /** The credential cache: a name as in KRB5CCNAME, or octets. */
  ccache?: Extract<KdcCredentials, { ccache: unknown }>['ccache']
  /** A KDC client that has signed in. Several contexts then share its tickets. */
  client?: KdcClient
  /**
   * The user as whom the context is made: `identity.impersonate()` of a negotiator, or another
   * source of tickets in a user's name. Default: the program itself.
   */
  delegate?: DelegatedTickets
  /** The realm to sign in to, if the name does not say. Default: default_realm of krb5.conf. */
  realm?: string
  /** Where the KDCs are. Default: krb5.conf, then DNS. Example: `kdc: 'dc1.ad.test'`. */
  kdc?: KdcClientOptions['kdc']
  /** The krb5.conf to read. Default: KRB5_CONFIG, else /etc/krb5.conf. */
  krb5Config?: string
}

/** What supplies tickets in the name of one user, such as an `Impersonation`. */
export interface DelegatedTickets {
  /** The user: `alice@AD.TEST`. */
  readonly principal: string
  ticketFor(spn: string, options?: { readonly fresh?: boolean }): Promise<ServiceTicket>
}

/** Every name in InitializeClientOptions; others are refused. */
export const CLIENT_OPTIONS = {
  principal: 'value',
  flags: 'value',
  gssFlag: 'value',
  mechOID: 'value',
  user: 'value',
  password: 'value',
  pass: 'value',
  keytab: 'value',
  ccache: 'value',
  client: 'value',
  delegate: 'value',
  realm: 'value',
  kdc: 'map',
  krb5Config: 'value',
} as const satisfies OptionTableOf<InitializeClientOptions>

/** The options of a KDC client that the options of a context have too. */
export function kdcOptions({ realm, kdc, krb5Config }: InitializeClientOptions) {
  return {
    ...(realm !== undefined && { realm }),
    ...(kdc !== undefined && { kdc }),
    ...(krb5Config !== undefined && { krb5Config }),
  }
}
