import type { KdcClientOptions } from '@s4u/kdc-client'
import type { Keytab, OptionTableOf } from '@s4u/krb5'

/** The options of `checkPassword`, which npm `kerberos` does not have. */
export interface CheckPasswordOptions {
  /**
   * The keytab with a key that proves the KDC: a path, octets, base64, or a `Keytab`. Default: that
   * of this machine (KRB5_KTNAME).
   */
  keytab?: string | Uint8Array | Keytab
  /**
   * Whether a password is refused when no key is at hand that proves the KDC. Default: `false`; a
   * notice tells of it (S4U_KDC_UNPROVEN).
   */
  requireProof?: boolean
  /** Where the KDCs are. Default: krb5.conf, then DNS. */
  kdc?: KdcClientOptions['kdc']
  /** The krb5.conf to read. Default: KRB5_CONFIG, else /etc/krb5.conf. */
  krb5Config?: string
}

/** Every name in CheckPasswordOptions; others are refused. */
export const CHECK_PASSWORD_OPTIONS = {
  keytab: 'value',
  requireProof: 'flag',
  kdc: 'map',
  krb5Config: 'value',
} as const satisfies OptionTableOf<CheckPasswordOptions>
