import { closeOptions, type OptionTableOf } from '@s4u/krb5'
import {
  type AskedLevel,
  ConfigurationError,
  RejectedTokenError,
  type SignInRequest,
  type SignInSite,
  type SignInSource,
} from '@s4u/negotiate'
import { givenAccount } from '../accounts/named-account.js'
import { vouchedAccount } from '../accounts/vouched-account.js'
import { requireUserName } from '../password/user-name.js'
import { stripHeaders, stripOtherSpellings, valueOf } from '../front-end/front-end-header.js'
import { namedPeers, type NamedPeers } from './named-peers.js'

/** Options of `trustedHeader`. */
export interface TrustedHeaderOptions {
  /**
   * The front ends that are believed: addresses and networks, or client certificates. Example:
   * `['10.0.0.7']`.
   */
  readonly from: readonly string[] | NamedPeers
  /** The header with the name of the user. Default `X-Remote-User`. */
  readonly header?: string
  /**
   * Returns the account for what the front end says; undefined refuses the caller. Default: the
   * value is the name. Example: `(mail) => mail.split('@')[0]`.
   */
  readonly account?: (value: string) => string | undefined
  /**
   * What the identity is for: `impersonation` (default) needs `delegation.protocolTransition`;
   * `identification` does not, and cannot act as the user.
   */
  readonly level?: AskedLevel
  /**
   * Whether the front end has to use TLS to here, or be one of `trustedProxies` that say so.
   * Default `true`.
   */
  readonly requireTls?: boolean
}

/** Every name in TrustedHeaderOptions; others are refused. */
export const TRUSTED_HEADER_OPTIONS = {
  from: 'value',
  header: 'value',
  account: 'function',
  level: 'value',
  requireTls: 'flag',
} as const satisfies OptionTableOf<TrustedHeaderOptions>

/**
 * Returns a way to sign in by a header of a front end that has authenticated the caller already. It
 * is believed from named peers alone; from all others the header is taken away, and that is told.
 * The directory says who the user is (protocol transition).
 *
 * ```ts
 * import { createNegotiator } from '@s4u/negotiate'
 * import { trustedHeader } from '@s4u/sign-in'
 *
 * const negotiator = createNegotiator({
 *   keytab: 'web.keytab',
 *   delegation: { principal: 'svc-web', protocolTransition: true },
 *   signIn: [trustedHeader({ from: ['10.0.0.7'] })],
 * })
 * ```
 *
 * @throws ConfigurationError
 */
export function trustedHeader(given: TrustedHeaderOptions): SignInSource {
  const options = closeOptions('trustedHeader', given, TRUSTED_HEADER_OPTIONS)
  const { from, account = asItIs, level = 'impersonation', requireTls = true } = options
  const header = headerNameOf(options)
  const isNamed = namedPeers(from)
  if (level !== 'impersonation' && level !== 'identification')
    throw new ConfigurationError('trustedHeader: level must be impersonation or identification')
  return Object.freeze<SignInSource>({
    name: 'trusted-header',
    open: (site) => ({
      requireTls,
      screen: (request) => screen(site, request, header, isNamed(request)),
      // What is there has passed `screen`.
      brings: (request) => (request.header(header) ?? '') !== '',
      async signIn({ request }) {
        const user = accountFor(valueOf(request, header), account)
        const identity = await vouchedAccount(givenAccount(user), site, { method: 'trusted-header', level })
        // The front end says it with each request: a session would outlive its own.
        return { status: 'signed-in', identity, session: false }
      },
    }),
  })
}

function screen(site: SignInSite, request: SignInRequest, header: string, isNamed: boolean): void {
  stripOtherSpellings(request.request, header)
  if (isNamed || !stripHeaders(request.request, (name) => name === header)) return
  const error = new RejectedTokenError(`${header} came from ${request.peerAddress ?? 'a peer without an address'}`, {
    code: 'S4U_UNNAMED_PROXY',
    status: 403,
    hint: 'Only peers named in trustedHeader({ from }) may say who the caller is. The header was taken away.',
  })
  site.note(request, error)
}

/** @throws RejectedTokenError */
function accountFor(value: string, account: (value: string) => string | undefined): string {
  const user = account(value)
  if (typeof user === 'string') {
    requireUserName(user)
    return user
  }
  throw new RejectedTokenError('the front end names a user who has no account here', {
    code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    status: 403,
    hint: 'The function trustedHeader({ account }) has found none.',
  })
}

const asItIs = (value: string): string => value

function headerNameOf({ header = 'X-Remote-User' }: TrustedHeaderOptions): string {
  if (typeof header === 'string' && /^[A-Za-z0-9-]+$/.test(header)) return header.toLowerCase()
  throw new ConfigurationError('trustedHeader: header must be the name of a header, of letters, digits and hyphens', {
    hint: 'Names with an underscore are dropped by some proxies, and changed by others.',
  })
}
