import { abandon, discard } from '../answers/discard.js'
import { type Outgoing, outgoingRequest } from './outgoing-request.js'

/**
 * Follows redirects here and not in the underlying fetch, because each hop needs a token of its
 * own, or none.
 */

/**
 * The number of redirects that Node's fetch follows. Source: WHATWG Fetch, "HTTP-redirect fetch".
 */
const MAX_REDIRECTS = 20

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]

/** Headers that must not reach another origin. Source: WHATWG Fetch, "HTTP-redirect fetch". */
const SECRETS: readonly string[] = ['authorization', 'proxy-authorization', 'cookie', 'host']

/** Headers that describe a body which is not sent again. */
const BODY_HEADERS: readonly string[] = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
]

/** What the hops so far mean for the next one. */
export interface Trail {
  /**
   * A redirect led from https to http. An attacker may have chosen all later URLs, so no token is
   * sent to them.
   */
  readonly downgraded: boolean
  /**
   * The server of the last redirect did not prove its identity, so the server of this hop must.
   */
  readonly owesProof: boolean
}

/** Sends a request, and the hops that its redirects lead to. */
export async function followRedirects(
  request: Outgoing,
  replayable: boolean,
  send: (hop: Outgoing, trail: Trail) => Promise<{ readonly response: Response; readonly owesProof?: boolean }>,
): Promise<Response> {
  let hop = request
  let trail: Trail = { downgraded: false, owesProof: false }
  for (let count = 0; ; count++) {
    const { response, owesProof = false } = await send(hop, trail)
    if (request.redirect === 'manual' || !isRedirect(response)) return count > 0 ? redirected(response) : response
    const next = hopAfter(response, hop, replayable, request.redirect === 'error', count)
    await discard(response)
    trail = { downgraded: trail.downgraded || isDowngrade(hop.url, next.url), owesProof }
    hop = next
  }
}

/** Returns whether a response is a redirect with a target. */
export function isRedirect({ status, headers }: Response): boolean {
  return REDIRECTS.includes(status) && headers.has('location')
}

/** Returns the target of a redirect; undefined if it is not a URL. */
export function redirectTarget(response: Response, from: URL): URL | undefined {
  const location = isRedirect(response) ? response.headers.get('location') : null
  return location !== null && URL.canParse(location, from.href) ? new URL(location, from) : undefined
}

/** Returns whether a redirect leads from https to http. */
export function isDowngrade(from: URL, to: URL): boolean {
  return from.protocol === 'https:' && to.protocol === 'http:'
}

/** Marks a response as redirected, as Node's fetch does; copies of it too. */
function redirected(response: Response): Response {
  const clone = response.clone.bind(response)
  return Object.defineProperties(response, {
    redirected: { value: true, configurable: true },
    clone: { value: () => redirected(clone()), configurable: true, writable: true },
  })
}

/** Returns the next hop. @throws TypeError as `fetch` does, if the redirect must not be followed */
function hopAfter(
  response: Response,
  hop: Outgoing,
  replayable: boolean,
  isForbidden: boolean,
  count: number,
): Outgoing {
  try {
    if (isForbidden) throw new TypeError('redirected to another place, which the request forbids')
    if (count === MAX_REDIRECTS) throw new TypeError(`more than ${MAX_REDIRECTS} redirects`)
    const target = redirectTarget(response, hop.url)
    // The target is not shown, since a Location may contain a secret.
    if (target === undefined) throw new TypeError('redirected to something that is not a URL')
    if (target.username + target.password !== '') throw new TypeError('redirected to a URL with credentials in it')
    return outgoingRequest(nextHop(hop, target, response.status, replayable))
  } catch (error) {
    abandon(response)
    throw error
  }
}

function nextHop(previous: Outgoing, url: URL, status: number, replayable: boolean): Request {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`redirected to ${url.protocol}, which is not HTTP`)
  const headers = new Headers(previous.headers)
  if (url.origin !== previous.url.origin) for (const name of SECRETS) headers.delete(name)
  const { method, credentials, request } = previous
  const signal = previous.signal ?? null
  const asGet =
    (status === 303 && method !== 'GET' && method !== 'HEAD') ||
    ((status === 301 || status === 302) && method === 'POST')
  if (asGet || request === undefined || request.body === null) {
    if (asGet) for (const name of BODY_HEADERS) headers.delete(name)
    return new Request(url, { method: asGet ? 'GET' : method, headers, signal, credentials })
  }
  if (!replayable) throw new TypeError(`redirected with ${status}, but the body was a stream and cannot be sent again`)
  return new Request(url, new Request(request, { headers }))
}
