import type { OptionTableOf } from '@s4u/krb5'
import type { KdcCredentials } from '../credentials/credentials.js'
import { KDC_CLIENT_OPTIONS, type KdcClientOptions } from '../client/kdc-client-options.js'
import type { KdcLocation } from '../locate/kdc-location.js'

/** Who asks and where: as in `createKdcClient`. */
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
  | 'logger'
  | 'now'
  | 'random'
  | 'dns'
>

/** What is said of the change, whoever asks for it. Where the KDCs are is said as in `createKdcClient`. */
interface ChangeOptions extends ClientSetupOptions {
  /** Whose password it is: `alice@AD.TEST`, or `alice` of `realm`. */
  readonly principal: string
  readonly newPassword: string
  /** The principal is a user principal name, for the KDC to resolve; one's own password only. Default false. */
  readonly enterprise?: boolean
  /**
   * The password servers, written as `kdc`: addresses (port 464 where none is said), addresses by realm, or a transport of one's
   * own. Default: the hosts of `kdc`; else kpasswd_server or admin_server of krb5.conf, then DNS (_kpasswd), then the hosts of the
   * KDCs. Active Directory: its PDC emulator, from which the other controllers learn passwords at once.
   */
  readonly kpasswd?: KdcLocation
  /** Ends the wait. When the request has been sent, the password may be changed all the same. */
  readonly signal?: AbortSignal
}

/** One's own password, by the old one; or that of any account, by the credentials of an administrator. */
export type ChangePasswordOptions = ChangeOptions &
  (
    | { readonly oldPassword: string; readonly credentials?: undefined }
    | {
        /** Who may set it: a keytab, a password, or a ticket (which MIT does not take here). */
        readonly credentials: KdcCredentials
        readonly oldPassword?: undefined
      }
  )

const { realm, kdc, krb5Config, encryptionTypes, canonicalize, mayFollow, timeLimit, proxyTrust } = KDC_CLIENT_OPTIONS
const { armor, fast, connections, credentials, logger, now, random, dns } = KDC_CLIENT_OPTIONS

/** Every name in ChangePasswordOptions; others are refused. */
export const CHANGE_PASSWORD_OPTIONS = {
  principal: 'value',
  oldPassword: 'value',
  newPassword: 'value',
  enterprise: 'flag',
  kpasswd: 'map',
  signal: 'value',
  ...{ realm, kdc, krb5Config, encryptionTypes, canonicalize, mayFollow, timeLimit, proxyTrust },
  ...{ armor, fast, connections, credentials, logger, now, random, dns },
} as const satisfies OptionTableOf<ChangePasswordOptions>
