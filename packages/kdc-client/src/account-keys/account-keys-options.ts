import type { Keytab, OptionTableOf } from '@s4u/krb5'
import { KDC_CLIENT_OPTIONS, type KdcClientOptions } from '../client/kdc-client-options.js'

/** Whom to ask, as in `createKdcClient`. */
export type AskingOptions = Pick<
  KdcClientOptions,
  | 'realm'
  | 'kdc'
  | 'krb5Config'
  | 'armor'
  | 'fast'
  | 'timeLimit'
  | 'proxyTrust'
  | 'connections'
  | 'logger'
  | 'now'
  | 'random'
  | 'dns'
> & {
  /** Ends the wait. */
  readonly signal?: AbortSignal
}

const { realm, kdc, krb5Config, armor, fast, timeLimit, proxyTrust } = KDC_CLIENT_OPTIONS
const { connections, logger, now, random, dns, credentials, encryptionTypes } = KDC_CLIENT_OPTIONS

const ASKING_OPTIONS = {
  ...{ realm, kdc, krb5Config, armor, fast, timeLimit, proxyTrust, connections, logger, now, random, dns },
  signal: 'value',
} as const satisfies OptionTableOf<AskingOptions>

/** Options of `deriveAccountKeys`. */
export interface DeriveAccountKeysOptions extends AskingOptions {
  /** The account: `svc-web@AD.TEST`, or `svc-web` of `realm`. */
  readonly principal: string
  readonly password: string
  /**
   * Keys of which types. Default: all that are not weak; those that the KDC refuses are left out.
   */
  readonly encryptionTypes?: readonly number[]
}

/** Every name in DeriveAccountKeysOptions; others are refused. */
export const DERIVE_ACCOUNT_KEYS_OPTIONS = {
  ...ASKING_OPTIONS,
  principal: 'value',
  password: 'value',
  encryptionTypes,
} as const satisfies OptionTableOf<DeriveAccountKeysOptions>

/** Options of `checkKeytab`. */
export interface CheckKeytabOptions extends AskingOptions {
  readonly keytab: Keytab
  /**
   * Who asks for tickets of principals that cannot sign in, such as the SPNs of Active Directory.
   * Default: the first account of the keytab that signs in.
   */
  readonly credentials?: KdcClientOptions['credentials']
}

/** Every name in CheckKeytabOptions; others are refused. */
export const CHECK_KEYTAB_OPTIONS = {
  ...ASKING_OPTIONS,
  keytab: 'value',
  credentials,
} as const satisfies OptionTableOf<CheckKeytabOptions>
