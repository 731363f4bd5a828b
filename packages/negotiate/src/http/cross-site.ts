/**
 * Whether a request acts for whoever sits at the browser, or for a page of somebody else. Browsers
 * add Negotiate tokens by themselves to forms, images, credentialed fetches and WebSocket
 * handshakes of every site, and SameSite of a cookie changes nothing about a token.
 */

import { TLSSocket } from 'node:tls'
import { ConfigurationError, type OptionTableOf, RejectedTokenError } from '@s4u/kdc-client'
import { headerOf, type NegotiableRequest } from './request.js'

/** Origins are written as browsers send them: `https://portal.ad.test`, `http://localhost:3000`. */
export type CrossSiteOption = 'refuse' | 'allow' | readonly string[]

/**
 * Change nothing by themselves, and a page of another site cannot read what they bring. RFC 9110
 * section 9.2.1.
 */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** What is shown of a header that anybody may have sent. */
const MAX_SHOWN = 200

/** What becomes of requests that pages of other sites make a browser send. */
export interface CrossSiteOptions {
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
}

/** Every name in CrossSiteOptions; others are refused. */
export const CROSS_SITE_OPTIONS = {
  crossSite: 'value',
  corsPreflight: 'flag',
} as const satisfies OptionTableOf<CrossSiteOptions>

export class CrossSitePolicy {
  readonly #allow: boolean
  readonly #origins: ReadonlySet<string>

  /** @throws ConfigurationError for what is no origin */
  constructor(option: CrossSiteOption = 'refuse') {
    if (typeof option === 'string' ? option !== 'refuse' && option !== 'allow' : !Array.isArray(option)) {
      throw new ConfigurationError('crossSite must be refuse, allow, or a list of origins', { hint: HINT_OPTION })
    }
    this.#allow = option === 'allow'
    this.#origins = new Set(typeof option === 'string' ? [] : option.map(requireOrigin))
  }

  /**
   * Whether a request may act in the name of its user. Upgrades are judged whatever the option
   * allows: no CORS stands between a WebSocket and a foreign page, so that its origin has to be
   * named.
   */
  permits(request: NegotiableRequest): boolean {
    if (!isUpgrade(request)) {
      if (this.#allow) return true
      // Whose method is unknown is not known to be safe.
      if (request.method !== undefined && SAFE_METHODS.has(request.method)) return true
    }
    return this.#isOwnPage(request)
  }

  /**
   * By what the browser says of itself, else by where the page comes from, else by there being no
   * browser.
   */
  #isOwnPage(request: NegotiableRequest): boolean {
    const site = headerOf(request, 'sec-fetch-site')
    const origin = headerOf(request, 'origin')
    if (origin !== undefined && this.#origins.has(origin)) return true
    // `same-site` is another origin: a sibling host, which may be in other hands, or have been
    // taken over.
    if (site !== undefined) return site === 'same-origin' || site === 'none'
    return origin === undefined || isOwnOrigin(origin, request)
  }
}

/**
 * A handshake for another protocol, a WebSocket as a rule: over HTTP/1 a GET with `Upgrade`, over
 * HTTP/2 a CONNECT.
 */
export function isUpgrade({ headers, method }: NegotiableRequest): boolean {
  return headers['upgrade'] !== undefined || method === 'CONNECT'
}

/**
 * What a browser asks before a request of another origin, without credentials. Fetch standard,
 * section "CORS-preflight fetch".
 */
export function isPreflight(request: NegotiableRequest): boolean {
  const { headers, method } = request
  return (
    method === 'OPTIONS' && headers['origin'] !== undefined && headers['access-control-request-method'] !== undefined
  )
}

/** Whether the connection is TLS, or was in front of a proxy that says so. */
export function isEncrypted(request: NegotiableRequest): boolean {
  return request.socket instanceof TLSSocket || firstOf(headerOf(request, 'x-forwarded-proto')) === 'https'
}

/**
 * Source of the comparison: RFC 6454 section 5. Where the browser saw TLS, a page without it is
 * another origin; where we see none, TLS may end at a proxy that does not say so. What proxies add
 * can be believed here: no page can make a browser send it unasked.
 */
function isOwnOrigin(origin: string, request: NegotiableRequest): boolean {
  const given = originOf(origin)
  if (given === undefined || (isEncrypted(request) && !given.startsWith('https:'))) return false
  const scheme = given.slice(0, given.indexOf(':'))
  const hosts = [headerOf(request, 'host') ?? headerOf(request, ':authority'), headerOf(request, 'x-forwarded-host')]
  return hosts.some((host) => host !== undefined && originOf(`${scheme}://${firstOf(host)}`) === given)
}

/**
 * In the spelling of browsers: lower case, without the port that goes without saying. Undefined for
 * `null` and what is no origin.
 */
function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]+$/i.test(text) || !URL.canParse(text)) return undefined
  return new URL(text).origin
}

/** Of a list, to which each proxy adds its own. */
function firstOf(value: string | undefined): string | undefined {
  return value?.split(',')[0].trim()
}

function requireOrigin(entry: unknown): string {
  if (typeof entry === 'string' && !entry.includes('*')) {
    const origin = originOf(entry)
    if (origin !== undefined) return origin
    // Of extensions and apps, whose pages have schemes of their own: `chrome-extension://…`.
    if (/^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[^/?#@\\\s]+$/i.test(entry)) return entry
  }
  throw new ConfigurationError('crossSite: one of its entries is no origin', { hint: HINT_OPTION })
}

const HINT_OPTION =
  "Write what browsers send as Origin: ['https://portal.ad.test', 'http://localhost:3000'], each by itself, without a star."

/** For the log, which is told what the browser has said. */
export function foreignSite(request: NegotiableRequest): RejectedTokenError {
  const shown = ['sec-fetch-site', 'origin'].flatMap((name) => {
    const value = headerOf(request, name)
    return value === undefined ? [] : [`${name}: ${value.slice(0, MAX_SHOWN)}`]
  })
  const what = isUpgrade(request) ? 'upgrade' : (request.method ?? '').slice(0, MAX_SHOWN)
  return new RejectedTokenError(`a page of another site sent this ${what} request (${shown.join(', ')})`, {
    code: 'S4U_CROSS_SITE',
    hint:
      'If that page is yours, name its origin in crossSite. If it is of this very site, a proxy changes Host: ' +
      'let it pass Host on, or add X-Forwarded-Host.',
    status: 403,
  })
}
