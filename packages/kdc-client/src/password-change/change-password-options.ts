import type { OptionTableOf } from '@s4u/krb5'
import type { KdcCredentials } from '../credentials/credentials.js'
import { KDC_CLIENT_OPTIONS, type KdcClientOptions } from '../client/kdc-client-options.js'
import type { KdcLocation } from '../locate/kdc-location.js'

/** The options of `createKdcClient` that say who asks, and where. */
type ClientSetupOptions = Pick<
  KdcClientOptions,
  | 'realm'
  | 'kdc'
  | 'krb5Config'
  | 'armor'
  | 'fast'
  | 'encryptionTypes'
  | 'canonicalize'
  | 'mayFollow'
  | 'timeLimit'
  | 'proxyTrust'
  | 'connections'
  | 'shownAs'
  | 'logger'
  | 'now'
  | 'random'
  | 'dns'
>

/** The options of every change. Where the KDCs are is said as in `createKdcClient`. */
interface ChangeOptions extends ClientSetupOptions {
  /** The user whose password is changed: `alice@AD.TEST`, or `alice` with the option `realm`. */
  readonly principal: string
  readonly newPassword: string
  /**
   * Whether `principal` is a user principal name, which the KDC resolves. Only for a change of the
   * own password. Default: false.
   */
  readonly enterprise?: boolean
  /**
   * The password servers, in the form of `kdc`: addresses (port 464 if none is given), addresses by
   * realm, or your own transport. Default: the hosts of `kdc`; otherwise kpasswd_server or
   * admin_server of krb5.conf, then DNS (_kpasswd), then the hosts of the KDCs. For Active
   * Directory, name its PDC emulator: the other controllers learn new passwords from it at once.
   */
  readonly kpasswd?: KdcLocation
  /** Ends the wait. If the request was sent already, the password may be changed all the same. */
  readonly signal?: AbortSignal
}

/**
 * The options of a change: of the own password, with the old one; or of the password of any
 * account, with the credentials of an administrator.
 */
export type ChangePasswordOptions = ChangeOptions &
  (
    | { readonly oldPassword: string; readonly credentials?: undefined }
    | {
        /**
         * The credentials of the administrator: a keytab, a password, or a ticket (which MIT does
         * not accept here).
         */
        readonly credentials: KdcCredentials
        readonly oldPassword?: undefined
      }
  )

const { realm, kdc, krb5Config, encryptionTypes, canonicalize, mayFollow, timeLimit, proxyTrust } = KDC_CLIENT_OPTIONS
const { armor, fast, connections, credentials, shownAs, logger, now, random, dns } = KDC_CLIENT_OPTIONS

/** Every name in ChangePasswordOptions. Other names are refused. */
export const CHANGE_PASSWORD_OPTIONS = {
  principal: 'value',
  oldPassword: 'value',
  newPassword: 'value',
  enterprise: 'flag',
  kpasswd: 'map',
  signal: 'value',
  ...{ realm, kdc, krb5Config, encryptionTypes, canonicalize, mayFollow, timeLimit, proxyTrust },
  ...{ armor, fast, connections, credentials, shownAs, logger, now, random, dns },
} as const satisfies OptionTableOf<ChangePasswordOptions>
