import type { Fetch } from '../options/token-options.js'

/** A request that is about to be sent: its URL, and what decides how it is sent. */
export interface Outgoing extends Pick<Request, 'method' | 'redirect' | 'credentials'> {
  readonly url: URL
  /** Undefined where no headers were given. */
  readonly headers: Headers | undefined
  readonly signal: AbortSignal | undefined
  /** The Request with the body, if there is a body. Undefined where no Request had to be made. */
  readonly request: Request | undefined
}

/** Reads the arguments of `fetch`. @throws TypeError as `fetch` does */
export function outgoing(input: Parameters<Fetch>[0], init: RequestInit | undefined): Outgoing {
  const plain = findPlainGet(input, init)
  if (plain !== undefined) return plain
  const request = outgoingRequest(new Request(input, init))
  // The Request of Bun forgets it, and says 'include': a token would go with what must have none.
  return init?.credentials === 'omit' ? { ...request, credentials: 'omit' } : request
}

/** Returns what is needed to send a Request. */
export function outgoingRequest(request: Request): Outgoing {
  const { url, method, headers, redirect, credentials, signal } = request
  return { url: new URL(url), method, headers, redirect, credentials, signal, request }
}

/**
 * Returns a plain `GET` without making a Request: Node's fetch makes one in any case, and a Request
 * with its signal costs as much as a token. Everything unusual is left to the Request, whose errors
 * are those of `fetch`.
 */
function findPlainGet(input: Parameters<Fetch>[0], given: RequestInit | null | undefined): Outgoing | undefined {
  const init = given ?? {}
  const { method = 'GET', headers, body, redirect, credentials, signal } = init
  const hasBody = body !== undefined && body !== null
  const isPlain = method === 'GET' && !hasBody && redirect === undefined && credentials === undefined
  if (!isPlain || !hasOwnMembersOnly(init) || !(signal === undefined || signal instanceof AbortSignal)) return undefined
  const url = input instanceof Request ? undefined : findUrl(input)
  if (url === undefined || url.username !== '' || url.password !== '') return undefined
  return {
    url,
    method,
    headers: headers && new Headers(headers),
    redirect: 'follow',
    credentials: 'same-origin',
    signal,
    request: undefined,
  }
}

/** Returns whether nothing is inherited: a copy would lose inherited members. */
export function hasOwnMembersOnly(init: RequestInit): boolean {
  const prototype: unknown = Object.getPrototypeOf(init)
  return prototype === Object.prototype || prototype === null
}

function findUrl(input: string | URL): URL | undefined {
  try {
    return new URL(input)
  } catch {
    return undefined
  }
}
