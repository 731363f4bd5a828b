import type { SiteSettings } from '../configuration/gateway-options.js'
import { HOP_BY_HOP, isIdentityHeader, plainHeaderName } from '../requests/header-names.js'
import { headerLines, isElementOf, listOf, valuesOf } from '../requests/raw-headers.js'
import type { CallerRequest } from '../requests/steps.js'

export interface InnerHeadersFor {
  /** The inner server. */
  readonly url: URL
  /** What the delegation adds, names in small letters. */
  readonly credential: Readonly<Record<string, string>>
  /** The names of cookies that are the gateway's own. */
  readonly isOwnCookie: (name: string) => boolean
}

/** By name, in small letters; a header that came several times is one list. */
export type InnerHeaders = Readonly<Record<string, string>>

/**
 * Makes the headers of the request inside of those of the client: without what concerns the
 * client's connection, says who somebody is, or is the gateway's own; with what the gateway says.
 */
export function innerHeaders(request: CallerRequest, rules: InnerHeadersFor): InnerHeaders {
  const { site } = request
  const lines = headerLines(request.request.rawHeaders)
  const isOption = isElementOf(listOf(valuesOf(lines, 'connection')))
  const isOurs = namesGivenBy(site)
  // Filled in place: no header of a client's choice finds a member of `Object.prototype` here.
  const headers: Record<string, string> = Object.create(null)
  let cookies: string | undefined
  for (const [name, value] of lines) {
    if (isDropped(name) || isOption(name) || isOurs(name)) continue
    if (name === 'cookie') cookies = cookies === undefined ? value : `${cookies}; ${value}`
    else headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  const cookie = cookies === undefined ? undefined : withoutOwn(cookies, rules)
  if (cookie !== undefined) headers.cookie = cookie
  addForwarded(headers, request)
  Object.assign(headers, site.headers, rules.credential)
  addFraming(headers, request)
  headers.host = site.host === 'public' ? authorityOf(request) : hostOf(rules.url)
  headers['x-request-id'] = request.id
  return headers
}

const givenBy = new WeakMap<SiteSettings, (name: string) => boolean>()

/** Returns a test for the headers that a site sets itself, in whichever spelling. */
export function namesGivenBy(site: SiteSettings): (name: string) => boolean {
  let isGiven = givenBy.get(site)
  if (isGiven === undefined) {
    const names = new Set(Object.keys(site.headers ?? {}).map((name) => plainHeaderName(name.toLowerCase())))
    givenBy.set(site, (isGiven = (name) => names.size > 0 && names.has(plainHeaderName(name))))
  }
  return isGiven
}

/** Names of headers that were judged: those of every request are judged once. */
const judged = new Map<string, boolean>()

/** Clients choose names: no more are kept, and no longer ones. */
const MAX_JUDGED = 500
/** The longest name, in characters, whose verdict is kept; longer ones are judged each time. */
const MAX_JUDGED_LENGTH = 64

function isDropped(name: string): boolean {
  const known = judged.get(name)
  if (known !== undefined) return known
  const verdict = mustNotGoInside(name)
  if (name.length <= MAX_JUDGED_LENGTH && judged.size < MAX_JUDGED) judged.set(name, verdict)
  return verdict
}

function mustNotGoInside(name: string): boolean {
  const plain = plainHeaderName(name)
  if (name.startsWith(':') || HOP_BY_HOP.has(plain) || isIdentityHeader(name)) return true
  // How long the body is, and when it comes, is said anew.
  if (plain === 'content-length' || plain === 'expect' || plain === 'host') return true
  // It is HTTP_PROXY behind CGI, by which a program there finds its proxy (CVE-2016-5385).
  if (plain === 'proxy') return true
  // What of it may go inside is in the credential.
  return name === 'authorization'
}

/** Without the session of the gateway: with it an inner server could act as the user outside. */
function withoutOwn(cookie: string, { isOwnCookie }: InnerHeadersFor): string | undefined {
  const kept = cookie.split(';').filter((pair) => !isOwnCookie(pair.split('=', 1)[0].trim()))
  const text = kept.join(';').trim()
  return text === '' ? undefined : text
}

/** Set, never added to: what a client says of itself is worth nothing. RFC 7239. */
function addForwarded(headers: Record<string, string>, request: CallerRequest): void {
  const { clientAddress = 'unknown', scheme, port } = request
  const authority = authorityOf(request)
  const isV6 = clientAddress.includes(':')
  headers['x-forwarded-for'] = clientAddress
  headers['x-forwarded-host'] = authority
  headers['x-forwarded-port'] = String(port)
  headers['x-forwarded-proto'] = scheme
  headers.forwarded = `for=${isV6 ? `"[${clientAddress}]"` : clientAddress};host="${authority}";proto=${scheme}`
}

const hosts = new WeakMap<URL, string>()

/** A URL puts its host together each time. */
function hostOf(url: URL): string {
  let host = hosts.get(url)
  if (host === undefined) hosts.set(url, (host = url.host))
  return host
}

/** The public name, with its port where that is not the usual one. */
export function authorityOf({ scheme, host, port }: Pick<CallerRequest, 'scheme' | 'host' | 'port'>): string {
  return port === (scheme === 'https' ? 443 : 80) ? host : `${host}:${port}`
}

/**
 * Says how the body is framed, as the client's parser found it. A body without either would follow
 * the headers as it is, and the inner server would take it for another request.
 */
function addFraming(headers: Record<string, string>, { request, replyTo }: CallerRequest): void {
  if (replyTo.kind === 'upgrade') {
    headers.connection = 'Upgrade'
    headers.upgrade = 'websocket'
    return
  }
  const { te, 'content-length': length } = request.headers
  if (te !== undefined && listOf([te].flat()).includes('trailers')) headers.te = 'trailers'
  if (length !== undefined) headers['content-length'] = length
  else if (hasBody(request)) headers['transfer-encoding'] = 'chunked'
}

/** Whether a body follows; its length may not be known. */
export function hasBody(request: CallerRequest['request']): boolean {
  const { headers } = request
  if (headers['content-length'] !== undefined) return headers['content-length'] !== '0'
  if (headers['transfer-encoding'] !== undefined) return true
  return 'stream' in request && !request.stream.endAfterHeaders
}
