import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { ResponseHeaders } from '@s4u/negotiate'
import { HOP_BY_HOP } from '../requests/header-names.js'
import { isElementOf, listOf } from '../requests/raw-headers.js'
import type { CallerRequest } from '../requests/steps.js'
import { authorityOf } from './inner-headers.js'

export interface AnswerHeadersFor {
  /** The inner server that answered. */
  readonly url: URL
  /** Whether the client may authenticate at that server itself. */
  readonly passesChallenges: boolean
  /** Whether a cookie is the gateway's own. */
  readonly isOwnCookie: (name: string) => boolean
  /** Told where the inner server sets one: it is not passed on. */
  readonly onOwnCookie: () => void
  /** The gateway's own: session, proof of its identity, member of a farm. */
  readonly own: readonly ResponseHeaders[]
}

export type AnswerHeaders = Record<string, string | readonly string[]>

/**
 * Makes the headers of the answer to the client of those of the inner server: without what concerns
 * the inner connection, with public names in place of inner ones, and with what the gateway says.
 */
export function answerHeaders(request: CallerRequest, inner: IncomingMessage, rules: AnswerHeadersFor): AnswerHeaders {
  const headers = cleaned(inner.headers)
  if (!rules.passesChallenges) {
    // What a client would answer to these ends at the gateway.
    delete headers['www-authenticate']
    delete headers['persistent-auth']
  }
  if (request.site.rewriteLocation) rewriteLocations(headers, request, rules.url)
  dropOwnCookies(headers, rules)
  rewriteCookies(headers, request)
  for (const own of rules.own) addOwn(headers, own)
  return headers
}

function cleaned(inner: IncomingHttpHeaders): AnswerHeaders {
  const isOption = isElementOf(listOf([inner.connection ?? '']))
  const headers: AnswerHeaders = Object.create(null)
  for (const name of Object.keys(inner)) {
    const value = inner[name]
    if (value !== undefined && !HOP_BY_HOP.has(name) && !isOption(name)) headers[name] = value
  }
  return headers
}

/** Node joins the lines of WWW-Authenticate; each challenge begins with a scheme. */
export function challengesOf(value: string | readonly string[]): readonly string[] {
  return [value]
    .flat()
    .flatMap((line) => line.split(/,\s*(?=[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*(?:\s+[^\s=,]|\s*(?:,|$)))/))
}

/** A redirect to the inner name would lead clients to a server that they cannot reach. */
function rewriteLocations(headers: AnswerHeaders, request: CallerRequest, url: URL): void {
  for (const name of ['location', 'content-location']) {
    const value = headers[name]
    if (typeof value !== 'string' || !/^(?:https?:)?\/\//i.test(value)) continue
    const rewritten = publicUrl(value, request, url)
    if (rewritten !== undefined) headers[name] = rewritten
  }
}

function publicUrl(value: string, request: CallerRequest, url: URL): string | undefined {
  if (!URL.canParse(value, url.href)) return undefined
  const target = new URL(value, url)
  const isMember = [url, ...request.site.to].some(
    (member) =>
      member.hostname === target.hostname && (member.port === target.port || target.protocol !== member.protocol),
  )
  if (!isMember) return undefined
  const base = url.pathname.replace(/\/$/, '')
  const path =
    base !== '' && target.pathname.startsWith(`${base}/`) ? target.pathname.slice(base.length) : target.pathname
  return `${request.scheme}://${authorityOf(request)}${path}${target.search}${target.hash}`
}

/**
 * With the session of another user, or of its own, an inner server would say at the gateway who the
 * user is. RFC 6265bis section 5.6: a browser sends a cookie without a name as its value alone.
 */
function dropOwnCookies(headers: AnswerHeaders, { isOwnCookie, onOwnCookie }: AnswerHeadersFor): void {
  if (headers['set-cookie'] === undefined) return
  const cookies = [headers['set-cookie']].flat()
  const kept = cookies.filter(
    (cookie) =>
      !isOwnCookie(
        cookie
          .replace(/^[\s=]+/, '')
          .split(/[=;]/, 1)[0]
          .trim(),
      ),
  )
  if (kept.length === cookies.length) return
  onOwnCookie()
  if (kept.length > 0) headers['set-cookie'] = kept
  else delete headers['set-cookie']
}

/** A cookie of the inner domain would be refused by the browser, which is on another one. */
function rewriteCookies(headers: AnswerHeaders, { site, scheme }: CallerRequest): void {
  const cookies = headers['set-cookie']
  if (cookies === undefined) return
  headers['set-cookie'] = [cookies].flat().map((cookie) => {
    const [pair, ...attributes] = cookie.split(';')
    const kept = attributes.filter((attribute) => !/^\s*domain\s*=/i.test(attribute))
    const isSecure = kept.some((attribute) => /^\s*secure\s*$/i.test(attribute))
    return [
      pair,
      ...kept,
      ...(site.cookieDomain === undefined || pair.startsWith('__Host-') ? [] : [` Domain=${site.cookieDomain}`]),
      ...(scheme === 'https' && !isSecure ? [' Secure'] : []),
    ].join(';')
  })
}

/** Cookies and challenges are added; all else of the gateway takes the place of what was there. */
function addOwn(headers: AnswerHeaders, own: ResponseHeaders): void {
  for (const given of Object.keys(own)) {
    const value = own[given]
    const name = given.toLowerCase()
    const before = headers[name]
    const adds = before !== undefined && (name === 'set-cookie' || name === 'www-authenticate' || name === 'vary')
    headers[name] = adds ? [...[before].flat(), ...[value].flat()] : value
  }
}
