import type { Fetch } from '../options/token-options.js'

/** A request on its way: where it goes, and what decides how it is sent. */
export interface Outgoing extends Pick<Request, 'method' | 'redirect' | 'credentials'> {
  readonly url: URL
  /** Undefined where none were given. */
  readonly headers: Headers | undefined
  readonly signal: AbortSignal | undefined
  /** Holds the body, if there is one. Undefined where nothing needed it made. */
  readonly request: Request | undefined
}

/** What `fetch` was called with. @throws TypeError as `fetch` does */
export function outgoing(input: Parameters<Fetch>[0], init: RequestInit | undefined): Outgoing {
  return findPlainGet(input, init) ?? outgoingRequest(new Request(input, init))
}

export function outgoingRequest(request: Request): Outgoing {
  const { url, method, headers, redirect, credentials, signal } = request
  return { url: new URL(url), method, headers, redirect, credentials, signal, request }
}

/**
 * A `GET` that says nothing unusual: a Request, which the platform's fetch makes in any case, need
 * not be made of it before. That one, with its signal, costs as much as a token. Whatever could be
 * wrong is left to the Request, whose errors are those of `fetch`.
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

/** Whether nothing is inherited, which whoever copies it would lose. */
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
