import { tellNotice } from '@s4u/kdc-client'

/**
 * Returns the response of an app without what belongs to the app's own connection to a backend: an
 * answer of `identity.fetch` that a handler returns as it is carries all of that.
 *
 * - The backend's token (`Negotiate oYG1…`) proves the backend's identity to the app. Beside the
 *   proof of this service, the client would check the wrong one, and refuse the answer.
 * - Challenges of the backend or its proxy are for the app, and a client that answered them would
 *   show its password for the backend to this service.
 * - Cookies of a session of s4u at the backend have the name of the session here: they would end
 *   it.
 * - Fields of the connection are those of one connection. RFC 9110 section 7.6.1.
 *
 * Challenges of other schemes and cookies stay in a response that the app has made itself.
 *
 * ```ts
 * import { withoutRelayed } from '@s4u/negotiate'
 *
 * export const relay = async () => withoutRelayed(await fetch('https://api.ad.test/orders'))
 * ```
 */
export function withoutRelayed(response: Response): Response {
  const kept = new Headers(response.headers)
  const dropped = isRelayed(response) ? dropOfBackend(kept) : []
  if (dropTokens(kept)) dropped.push('WWW-Authenticate')
  const isSame = dropped.length === 0 && [...kept].length === [...response.headers].length
  // A 101, which no program can make, must be returned as it is.
  if (isSame || response.status < 200) return response
  if (dropped.length > 0) tellDropped(dropped)
  const { status, statusText, body } = response
  return new Response(body, { status, statusText, headers: kept })
}

/** Whether it came over the network: what a program has made has no address. */
function isRelayed({ url }: Response): boolean {
  return url !== ''
}

/** What speaks of the backend to the app. */
const OF_BACKEND = ['WWW-Authenticate', 'Authentication-Info', 'Proxy-Authenticate', 'Proxy-Authentication-Info']

/** RFC 9110 section 7.6.1, with `Keep-Alive` and `Proxy-Connection` of older peers. */
const OF_CONNECTION = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade']

/** The cookies of s4u by their default names: of sessions, in pieces too, and of its forms. */
const SESSION_COOKIE = /^(?:__Host-)?s4u(?:\.\d+|-[a-z]+)?=/

/** Returns the names of what was dropped. Fields of the connection are in each answer: not told. */
function dropOfBackend(headers: Headers): string[] {
  const listed = (headers.get('connection') ?? '').split(',').map((name) => name.trim())
  for (const name of [...OF_CONNECTION, ...listed.filter((name) => TOKEN.test(name))]) headers.delete(name)
  const dropped = OF_BACKEND.filter((name) => headers.has(name))
  for (const name of dropped) headers.delete(name)
  return dropSessions(headers) ? [...dropped, 'Set-Cookie'] : dropped
}

/** The name of a header. RFC 9110 section 5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

function dropSessions(headers: Headers): boolean {
  const cookies = headers.getSetCookie()
  const kept = cookies.filter((cookie) => !SESSION_COOKIE.test(cookie))
  if (kept.length === cookies.length) return false
  headers.delete('Set-Cookie')
  for (const cookie of kept) headers.append('Set-Cookie', cookie)
  return true
}

/** A token of a scheme that proves who somebody is, and not only an offer of the scheme. */
const PROOF = /^\s*(?:Negotiate|Kerberos|NTLM)\s+[\w+/.~-]+=*\s*$/i

/**
 * The members of a list, with commas in quoted strings. RFC 9110 section 5.6.1. What follows a
 * quote without an end is one member with it: from each quote behind it anew, 16 KB took 0.15
 * seconds.
 */
const MEMBER = /(?:[^",]|"(?:\\.|[^"\\])*"?)+/g

function dropTokens(headers: Headers): boolean {
  const all = headers.get('www-authenticate')?.match(MEMBER) ?? []
  const kept = all.filter((member) => !PROOF.test(member))
  if (kept.length === all.length) return false
  headers.delete('WWW-Authenticate')
  if (kept.length > 0) headers.set('WWW-Authenticate', kept.map((member) => member.trim()).join(', '))
  return true
}

function tellDropped(names: readonly string[]): void {
  tellNotice({
    kind: 'notice',
    level: 'warn',
    code: 'S4U_RELAYED_ANSWER',
    message: `an answer of a backend was returned as it is; left out, since it speaks of the connection to the backend: ${[...new Set(names)].join(', ')}`,
    hint: 'Return what the caller is to see: the status, the body and its Content-Type.',
  })
}
