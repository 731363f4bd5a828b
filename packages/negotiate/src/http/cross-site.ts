/**
 * Decides whether a request acts for the user at the browser, or for a page of another site.
 * Browsers add Negotiate tokens by themselves to forms, images, credentialed fetches and WebSocket
 * handshakes of every site; SameSite of a cookie has no effect on a token.
 */

import { ConfigurationError, type OptionTableOf, RejectedTokenError } from '@s4u/kdc-client'
import { firstOf, headerOf, isEncrypted, isUpgrade, type NegotiableRequest } from './request.js'

/** Origins are written as browsers send them: `https://portal.ad.test`, `http://localhost:3000`. */
export type CrossSiteOption = 'refuse' | 'allow' | readonly string[]

/**
 * Methods that change nothing by themselves. A page of another site cannot read their answers. RFC
 * 9110 section 9.2.1.
 */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The most characters that errors show of a header, which any client may have sent. */
const MAX_SHOWN = 200

/** The options about requests that pages of other sites make a browser send. */
export interface CrossSiteOptions {
  /**
   * How the app answers a request that a page of another site caused, and that carries the token or
   * the session of the user. `refuse` (default): a 403 for methods other than GET, HEAD and
   * OPTIONS, and for upgrades to WebSockets. A list of origins lets their pages through:
   * `['https://portal.ad.test']`. `allow` lets all pass except upgrades, whose origins must be
   * listed. A sibling host (`Sec-Fetch-Site: same-site`) is another site. Programs that are not
   * browsers are not affected.
   */
  readonly crossSite?: CrossSiteOption
  /**
   * Lets CORS preflights (OPTIONS with `Origin` and `Access-Control-Request-Method`) pass to a
   * handler such as `cors()`, without a caller: browsers send them without credentials. Not needed
   * where that handler stands in front. Default `false`.
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
      throw new ConfigurationError('crossSite must be refuse, allow, or a list of origins', { hint: ORIGIN_HINT })
    }
    this.#allow = option === 'allow'
    this.#origins = new Set(typeof option === 'string' ? [] : option.map(requireOrigin))
  }

  /**
   * Whether a request may act in the name of its user. Upgrades are checked even with `allow`: CORS
   * does not protect WebSockets, so the origin of a foreign page has to be listed.
   */
  permits(request: NegotiableRequest): boolean {
    if (!isUpgrade(request)) {
      if (this.#allow) return true
      // A request without a method may change something.
      if (request.method !== undefined && SAFE_METHODS.has(request.method)) return true
    }
    return this.#isOwnPage(request)
  }

  /**
   * Uses Sec-Fetch-Site if it is there, otherwise Origin. A request with neither does not come from
   * a browser.
   */
  #isOwnPage(request: NegotiableRequest): boolean {
    const site = headerOf(request, 'sec-fetch-site')
    const origin = headerOf(request, 'origin')
    if (origin !== undefined && this.#origins.has(origin)) return true
    // `same-site` is a sibling host: another origin, which may belong to others or have been taken
    // over.
    if (site !== undefined) return site === 'same-origin' || site === 'none'
    return origin === undefined || isOwnOrigin(origin, request)
  }
}

/**
 * Whether an origin is that of the request (RFC 6454 section 5). If the browser used TLS, a page
 * over plain http has another origin. If this server sees no TLS, a proxy that does not say so may
 * still have ended it: then both schemes count. Headers that proxies add can be believed here: no
 * page can make a browser send them.
 */
function isOwnOrigin(origin: string, request: NegotiableRequest): boolean {
  const given = originOf(origin)
  if (given === undefined || (isEncrypted(request) && !given.startsWith('https:'))) return false
  const scheme = given.slice(0, given.indexOf(':'))
  const hosts = [headerOf(request, 'host') ?? headerOf(request, ':authority'), headerOf(request, 'x-forwarded-host')]
  return hosts.some((host) => host !== undefined && originOf(`${scheme}://${firstOf(host)}`) === given)
}

/**
 * Returns an origin as browsers write it: in lower case, without the default port. Undefined for
 * `null` and for other texts.
 */
function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]+$/i.test(text) || !URL.canParse(text)) return undefined
  return new URL(text).origin
}

function requireOrigin(entry: unknown): string {
  if (typeof entry === 'string' && !entry.includes('*')) {
    const origin = originOf(entry)
    if (origin !== undefined) return origin
    // Pages of extensions and apps have their own schemes: `chrome-extension://…`.
    if (/^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[^/?#@\\\s]+$/i.test(entry)) return entry
  }
  throw new ConfigurationError('crossSite: one of its entries is no origin', { hint: ORIGIN_HINT })
}

const ORIGIN_HINT =
  "Write what browsers send as Origin: ['https://portal.ad.test', 'http://localhost:3000'], each by itself, without a star."

/** Returns the error for the log, with what the browser has said. */
export function crossSiteRefusal(request: NegotiableRequest): RejectedTokenError {
  const shown = ['sec-fetch-site', 'origin'].flatMap((name) => {
    const value = headerOf(request, name)
    return value === undefined ? [] : [`${name}: ${value.slice(0, MAX_SHOWN)}`]
  })
  const what = isUpgrade(request) ? 'upgrade' : (request.method ?? '').slice(0, MAX_SHOWN)
  return new RejectedTokenError(`a page of another site sent this ${what} request (${shown.join(', ')})`, {
    code: 'S4U_CROSS_SITE',
    hint:
      'If that page is yours, name its origin in crossSite. If that page is one of this site, a proxy changes Host: ' +
      'let it pass Host on, or add X-Forwarded-Host.',
    status: 403,
  })
}
