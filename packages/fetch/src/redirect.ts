import { discard } from './discard.js'
import { type Outgoing, outgoingRequest } from './outgoing.js'

/** Redirects, followed here instead of below, because each hop needs a token of its own or none at all. */

/** As many as the platform's fetch follows. Source: WHATWG Fetch, "HTTP-redirect fetch". */
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

export async function followRedirects(
  request: Outgoing,
  replayable: boolean,
  send: (hop: Outgoing, downgraded: boolean) => Promise<Response>,
): Promise<Response> {
  let hop = request
  // What came over http may have been led there by anybody: from then on nothing is vouched for.
  let downgraded = false
  for (let count = 0; ; count++) {
    const response = await send(hop, downgraded)
    if (request.redirect === 'manual' || !isRedirect(response)) return response
    const location = response.headers.get('location')
    if (location === null) return response
    if (request.redirect === 'error') throw new TypeError(`redirected to another place, which the request forbids`)
    if (count === MAX_REDIRECTS) throw new TypeError(`more than ${MAX_REDIRECTS} redirects`)
    await discard(response)
    const next = outgoingRequest(nextHop(hop, new URL(location, hop.url), response.status, replayable))
    downgraded ||= hop.url.protocol === 'https:' && next.url.protocol === 'http:'
    hop = next
  }
}

/** A response that only says where to ask instead. */
export function isRedirect({ status, headers }: Response): boolean {
  return REDIRECTS.includes(status) && headers.has('location')
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
