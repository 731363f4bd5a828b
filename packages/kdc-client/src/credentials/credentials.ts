import { DEFAULT_ETYPES, type ForwardedTicket, type Keytab } from '@s4u/krb5'
import { ccacheAuthority } from './ccache-authority.js'
import { requireCredentials } from './credential-check.js'
import type { NamedCredentialCache } from '../credential-caches/named-cache.js'
import { keytabAuthority, type KeytabCredentials } from './keytab-authority.js'
import { otpAuthority, type OtpCredentials } from './otp-authority.js'
import { passwordAuthority } from './password-authority.js'
import type { Authority, ReadyTicket, RealmsOfNames } from './authority.js'
import { grantingTicketOf } from '../tickets/forwarded-ticket.js'

export type { Authority, SignIn } from './authority.js'
export { signInPrincipal } from './keytab-authority.js'

/** How a client proves its identity to KDCs. */
export type KdcCredentials =
  | {
      readonly principal?: string
      /**
       * A path, the octets of a keytab, its base64, or a `Keytab`. `true` is the keytab that
       * KRB5_CLIENT_KTNAME or krb5.conf (default_client_keytab_name) names. A text that names no
       * file appears in errors only if it looks like a path.
       */
      readonly keytab: string | Uint8Array | Keytab | true
      /**
       * Returns the keytab again when its keys do not work any more. Default: a file is read again.
       */
      readonly reload?: () => Keytab | Promise<Keytab>
      /** The principal is a user principal name, which the KDC resolves. Default: `false`. */
      readonly enterprise?: boolean
    }
  | { readonly principal: string; readonly password: string; readonly enterprise?: boolean }
  /** A one-time password. It is sent in armor only, so it needs the option `armor`. */
  | OtpCredentials
  /**
   * A credential cache: its name (`/tmp/krb5cc_1000`, `FILE:…`, `DIR:…`, `KCM:`), one that
   * `openCredentialCache` returned, or its octets. `true` is the user's default cache, which
   * KRB5CCNAME or krb5.conf (default_ccache_name) names. Tickets in the cache are used before a KDC
   * is asked.
   */
  | { readonly ccache: string | NamedCredentialCache | Uint8Array | true }
  /**
   * A ticket-granting ticket that a user has forwarded (unconstrained delegation). It must be for
   * the user's realm, or for `realm`.
   */
  | { readonly tgt: ForwardedTicket }

/** Credentials whose keytab and cache have names, in place of `true`. */
export type NamedCredentials =
  | Exclude<KdcCredentials, { readonly keytab: unknown } | { readonly ccache: unknown }>
  | KeytabCredentials
  | { readonly ccache: NamedCredentialCache | Uint8Array }

/**
 * Reads the credentials of a client, so that a wrong path or name is reported when the client is
 * made.
 *
 * @throws ConfigurationError, MissingKeyError
 */
export function authorityOf(
  credentials: NamedCredentials,
  realms: RealmsOfNames,
  etypes: readonly number[] = DEFAULT_ETYPES,
): Authority {
  requireCredentials(credentials)
  if ('tgt' in credentials) return fromForwarded(credentials.tgt, realms.realm)
  if ('ccache' in credentials) return ccacheAuthority(credentials.ccache)
  if ('otp' in credentials) return otpAuthority(credentials, realms.realm ?? realms.defaultRealm, etypes)
  if ('password' in credentials) return passwordAuthority(credentials, realms.realm ?? realms.defaultRealm, etypes)
  return keytabAuthority(credentials, realms, etypes)
}

function fromForwarded(forwarded: ForwardedTicket, realm: string | undefined): ReadyTicket {
  const tgt = grantingTicketOf(forwarded, realm)
  return { kind: 'ready-ticket', principal: forwarded.client, tgt: () => tgt }
}
