import { ConfigurationError, type OptionTableOf, requireGiven, shownInput } from '@s4u/krb5'
import type { AccountClaimOptions } from '../issuers/account-claim.js'
import { ISSUER_OPTIONS, type IssuerOptions } from '../issuers/issuer-options.js'

/** Options of `oidc`. */
export interface OidcOptions extends IssuerOptions, AccountClaimOptions {
  /** The identifier of this app at the issuer. */
  readonly clientId: string
  /**
   * The secret of this app at the issuer; without one the app is a public client, with PKCE alone.
   */
  readonly clientSecret?: string
  /**
   * The address to which the issuer sends people back, as it is registered there:
   * `https://app.corp.example/.s4u/oidc/callback`. It is written here and not made from a request,
   * which can name any host.
   */
  readonly redirectUri: string
  /** What is asked of the issuer. Default `openid`. Example: `scope: 'openid profile'`. */
  readonly scope?: string
  /**
   * Whether the claims of the UserInfo endpoint count too, where the ID token lacks them. Default:
   * `false`.
   */
  readonly userInfo?: boolean
  /** More parameters for the issuer's page. Example: `parameters: { prompt: 'login' }`. */
  readonly parameters?: Readonly<Record<string, string>>
  /**
   * Where the issuer sends people after they have signed out here and there. It must be registered
   * there. Default: the sign-out is one of this app alone. Example:
   * `afterSignOut: 'https://app.corp.example/'`.
   */
  readonly afterSignOut?: string
  /** What the link to this way is called on the page of another one. Default: the issuer's host. */
  readonly label?: string
  /**
   * The name of this source in events, in the audit and in its paths (`/.s4u/NAME`), where an app
   * has several. Default `oidc`. It is `authenticationMethod` of the identity too.
   */
  readonly name?: string
  /** Whether people may sign in over TLS only. Default `true`. */
  readonly requireTls?: boolean
}

/** Every name in OidcOptions; others are refused. */
export const OIDC_OPTIONS = {
  ...ISSUER_OPTIONS,
  claim: 'value',
  account: 'value',
  suffixes: 'texts',
  clientId: 'value',
  clientSecret: 'value',
  redirectUri: 'value',
  scope: 'value',
  userInfo: 'flag',
  parameters: 'map',
  afterSignOut: 'value',
  label: 'value',
  name: 'value',
  requireTls: 'flag',
} as const satisfies OptionTableOf<OidcOptions>

/** Parameters that this source sets: another value would switch a protection off. */
const OWN_PARAMETERS: readonly string[] = [
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce'],
  ...['code_challenge', 'code_challenge_method', 'request', 'request_uri'],
]

/** @throws ConfigurationError */
export function checkOidcOptions(options: OidcOptions): void {
  const {
    clientId,
    clientSecret = '',
    redirectUri,
    scope = 'openid',
    parameters = {},
    afterSignOut,
    allowInsecure,
  } = options
  requireGiven('oidc: clientId', clientId, 'text', 'Give the identifier that the issuer has for this app.')
  requireGiven('oidc: clientSecret', clientSecret, 'text', 'Leave it out for a public client.')
  requireAddress('redirectUri', redirectUri, allowInsecure ?? false)
  if (afterSignOut !== undefined) requireAddress('afterSignOut', afterSignOut, allowInsecure ?? false)
  requireGiven('oidc: scope', scope, 'text', "Write scope: 'openid profile'.")
  if (!scope.split(' ').includes('openid'))
    throw new ConfigurationError('oidc: scope must have openid', {
      hint: "Write scope: 'openid profile'. Without it the issuer sends no ID token.",
    })
  const own = Object.keys(parameters).find((name) => OWN_PARAMETERS.includes(name))
  if (own !== undefined)
    throw new ConfigurationError(`oidc: parameters: ${own} is set by this source`, {
      hint: 'Leave it out; scope and redirectUri are options of their own.',
    })
}

function requireAddress(name: string, value: unknown, allowInsecure: boolean): void {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const isSafe = url?.protocol === 'https:' || (allowInsecure && url?.protocol === 'http:')
  if (url !== undefined && isSafe && url.hash === '') return
  throw new ConfigurationError(`oidc: ${name}: ${shownInput(value)} is not an address with https://`, {
    hint: "Write the whole address, as it is registered at the issuer: 'https://app.corp.example/.s4u/oidc/callback'.",
  })
}
