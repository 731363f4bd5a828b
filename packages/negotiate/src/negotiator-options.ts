import { X509Certificate } from 'node:crypto'
import { ACCEPTOR_OPTIONS, type AcceptorOptions } from '@s4u/acceptor'
import { FETCH_RULES, prepareFetch } from '@s4u/fetch'
import { tlsServerEndPoint } from '@s4u/gssapi'
import {
  CACHE_OPTIONS,
  ConfigurationError,
  type KdcClientOptions,
  type KdcConnectionsOptions,
  NO_OPTIONS,
  type OptionTableOf,
  shownInput,
} from '@s4u/kdc-client'
import type { CrossSiteOption } from './http/cross-site.js'
import { checkDelegationOptions, DELEGATION_OPTIONS, type DelegationOptions } from './delegation/delegation-policy.js'
import type { NegotiatorListeners } from './authenticate/negotiator-events.js'
import type { FetchOptions } from './delegation/impersonation.js'
import type { NegotiableRequest } from './authenticate/outcome.js'
import { SESSION_OPTIONS, type SessionOption } from './session/session-options.js'

export type Mode = 'required' | 'optional' | 'off'

export interface NegotiatorOptions extends Omit<AcceptorOptions, 'forwardedTickets'>, NegotiatorListeners {
  /**
   * `required` (default): who does not authenticate gets a 401. `optional`: they pass without an
   * identity; a wrong token is still refused. `off`: nothing is looked at, for routes that another
   * scheme guards.
   */
  readonly mode?: Mode
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
  readonly delegation?: DelegationOptions
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
  /**
   * Runs every handler as its caller; routes may require that, and none may forbid it. Default
   * `false`.
   */
  readonly impersonateCallerForAllOperations?: boolean
  /**
   * Whom the `fetch` of `@s4u/fetch` acts as in a handler that runs as nobody in particular
   * (`allowed` or `notAllowed`, without `impersonateCallerForAllOperations`): `nobody` (default),
   * or `service`, the account of this service, as WCF does. Then whoever reaches the handler has
   * the service's rights at backends. `negotiator.fetch` acts as the service in any case.
   */
  readonly outsideImpersonation?: 'nobody' | 'service'
  /** Encryption types to ask tickets with, best first. Default: AES and Camellia. */
  readonly encryptionTypes?: readonly number[]
  /** How the delegated fetch behaves. */
  readonly fetch?: FetchOptions
  /**
   * What callers keep who have authenticated. Default `false`: every request authenticates, as
   * Kerberos makes cheap.
   */
  readonly session?: SessionOption
  /**
   * What becomes of requests that a page of another site makes a browser send, with the token or
   * the session of its user. `refuse` (default): those whose method is not GET, HEAD or OPTIONS,
   * and upgrades to WebSockets, get a 403. A list of origins lets the pages of these through:
   * `['https://portal.ad.test']`. `allow` lets all pass but upgrades, whose origins must be named.
   * A sibling host (`Sec-Fetch-Site: same-site`) is another site. Programs that are no browsers are
   * not concerned.
   */
  readonly crossSite?: CrossSiteOption
  /**
   * Lets CORS preflights (OPTIONS with `Origin` and `Access-Control-Request-Method`) pass unknown,
   * since browsers send them without credentials, to a handler such as `cors()` that answers them.
   * Not needed where that stands in front. Default `false`.
   */
  readonly corsPreflight?: boolean
  /**
   * The body of a 401: text, text with its media type, or a function of the reason. Default: one
   * plain sentence.
   */
  readonly challenge?: ChallengeBody | ((reason: ChallengeReason) => ChallengeBody)
  /**
   * Challenges of other schemes that the app understands, after `Negotiate`: `['Bearer', 'Basic
   * realm="orders"']`.
   */
  readonly otherChallenges?: readonly string[]
  /**
   * A caller whose token is refused is not offered Negotiate again, but only `otherChallenges`:
   * browsers then ask for a password or show the page instead of trying once more. Default `false`.
   */
  readonly negotiateOnce?: boolean
  /**
   * How a caller over HTTP/2 is challenged. `401` (default) suits Chromium, which goes on over
   * HTTP/1.1 by itself, and clients that send a token with each request. `http-1.1-required` resets
   * the stream, as IIS does: for a server with `allowHTTP1`, whatever the browser.
   */
  readonly http2Challenge?: '401' | 'http-1.1-required'
  /**
   * Certificates (PEM or DER) that clients see in front of this server, where TLS ends at a proxy:
   * for channel bindings.
   */
  readonly tlsCertificate?: TlsCertificate | readonly TlsCertificate[]
  /** The address of the real client, where a proxy knows it. Default: the connection's. */
  readonly clientAddress?: (request: NegotiableRequest) => string | undefined
}

export type TlsCertificate = string | Uint8Array

/** HTML needs its media type: `{ type: 'text/html; charset=utf-8', body }`. */
export type ChallengeBody = string | { readonly type: string; readonly body: string }

/**
 * Why a 401 is sent; `code` is for a page that helps people on, and says nothing an attacker could
 * use.
 */
export type ChallengeReason =
  | { readonly kind: 'no-token' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'refused'; readonly code: string }

/** What is lent has its place in `delegation`. */
const { forwardedTickets: _inDelegation, ...OF_ACCEPTOR } = ACCEPTOR_OPTIONS

/** Every name in NegotiatorOptions; others are refused. */
export const NEGOTIATOR_OPTIONS = {
  ...OF_ACCEPTOR,
  mode: 'value',
  kdc: 'map',
  kpasswd: 'map',
  kdcTimeLimit: 'value',
  domains: 'map',
  ticketCache: CACHE_OPTIONS,
  delegation: DELEGATION_OPTIONS,
  armor: 'value',
  fast: 'value',
  impersonateCallerForAllOperations: 'flag',
  outsideImpersonation: 'value',
  encryptionTypes: 'value',
  fetch: FETCH_RULES,
  session: { orElse: 'value', group: SESSION_OPTIONS },
  crossSite: 'value',
  corsPreflight: 'flag',
  challenge: 'value',
  otherChallenges: 'texts',
  negotiateOnce: 'flag',
  http2Challenge: 'value',
  tlsCertificate: 'value',
  clientAddress: 'function',
  onChallenge: 'function',
  onAuthenticated: 'function',
  onFailed: 'function',
} as const satisfies OptionTableOf<NegotiatorOptions>

/** @throws ConfigurationError */
export function checkNegotiatorOptions(options: NegotiatorOptions): void {
  checkDelegationOptions(options.delegation ?? NO_OPTIONS)
  if (options.mode !== undefined) requireMode(options.mode)
  requireOneOf('outsideImpersonation', options.outsideImpersonation, ['nobody', 'service'])
  requireOneOf('http2Challenge', options.http2Challenge, ['401', 'http-1.1-required'])
  const { corsPreflight = false } = options
  if (typeof corsPreflight !== 'boolean') throw new ConfigurationError('corsPreflight must be true or false')
  for (const value of options.otherChallenges ?? []) requireChallenge(value)
  // What is wrong with it must not wait for a request.
  prepareFetch({ ...options.fetch })
}

const MODES: readonly Mode[] = ['required', 'optional', 'off']

/** @throws ConfigurationError, also for a promise: what answers by request must do so at once */
export function requireMode(mode: Mode): void {
  if (MODES.includes(mode)) return
  const found = typeof mode === 'string' ? shownInput(mode) : `a value of type ${typeof mode}`
  throw new ConfigurationError(`mode must be one of ${MODES.join(', ')}, not ${found}`)
}

/**
 * Application data of the configured certificates. @throws ConfigurationError when one cannot be
 * read or bound to
 */
export function configuredBindings({ tlsCertificate = [] }: NegotiatorOptions): readonly Uint8Array[] {
  const list =
    typeof tlsCertificate === 'string' || tlsCertificate instanceof Uint8Array ? [tlsCertificate] : tlsCertificate
  return list.map((certificate) => tlsServerEndPoint(derOf(certificate)))
}

function derOf(certificate: TlsCertificate): Uint8Array {
  try {
    return new X509Certificate(certificate).raw
  } catch (cause) {
    throw new ConfigurationError('tlsCertificate is no X.509 certificate', {
      hint: 'Give the contents of the file (PEM or DER), not its path.',
      cause,
    })
  }
}

function requireOneOf(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return
  throw new ConfigurationError(`${name} must be one of ${choices.join(', ')}, not ${shownInput(value)}`)
}

/**
 * A scheme and parameters, as RFC 9110 section 11.6.1 has them: no line break could slip a header
 * in.
 */
function requireChallenge(value: string): void {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+( [\x20-\x7e]+)?$/.test(value) && !/^negotiate\b/i.test(value)) return
  throw new ConfigurationError(`otherChallenges: ${shownInput(value)} is not the challenge of another scheme`, {
    hint: `Write 'Bearer' or 'Basic realm="orders"'; Negotiate is always offered.`,
  })
}
