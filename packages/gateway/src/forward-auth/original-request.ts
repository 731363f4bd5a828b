import { isIP } from 'node:net'
import type { ForwardAuthSettings } from '../configuration/gateway-options.js'
import { type HeaderLines, headerLines, listOf, valuesOf } from '../requests/raw-headers.js'
import { parseHost } from '../requests/receive.js'
import { badRequest } from '../requests/refusals.js'
import { parseTarget } from '../requests/request-target.js'
import type { ClientRequest, ReceivedRequest } from '../requests/steps.js'

/** What a proxy says about the request that it asks about. */
interface Said {
  readonly method: string
  readonly scheme: string
  /** With a port, if there is one. */
  readonly authority: string
  /** Path and query. */
  readonly target: string
}

/**
 * Returns the request that a named proxy asks about. What it does not say, or says twice, is
 * refused: the client may have said it.
 * @throws MalformedTokenError S4U_BAD_REQUEST
 */
export function originalRequest(
  check: ReceivedRequest,
  convention: ForwardAuthSettings['convention'],
  beginning: string,
): ReceivedRequest {
  const lines = headerLines(check.request.rawHeaders)
  const { method, scheme, authority, target } = READERS[convention](lines, check, beginning)
  if (!/^[A-Z]{1,32}$/.test(method)) throw badRequest('method', 'a method', 'another text')
  if (scheme !== 'http' && scheme !== 'https') throw badRequest('scheme', 'http or https', 'another text')
  const { path, query } = parseTarget(target)
  const { host, port } = parseHost(authority)
  return {
    ...check,
    ...{ method, scheme, host, path, query },
    port: port ?? (scheme === 'https' ? 443 : 80),
    request: seenAs(check.request, { method, url: target, host: authority, scheme }),
    clientAddress: clientAddressIn(lines),
  }
}

const READERS: Readonly<
  Record<ForwardAuthSettings['convention'], (lines: HeaderLines, check: ReceivedRequest, beginning: string) => Said>
> = {
  original(lines) {
    const [, scheme, authority, target] = /^([a-z]+):\/\/([^/?#]*)(\/.*)$/s.exec(single(lines, 'x-original-url')) ?? []
    if (target === undefined) throw badRequest('headers.x-original-url', 'a whole URL', 'another text')
    return { method: single(lines, 'x-original-method'), scheme, authority, target }
  },
  forwarded: (lines) => ({
    method: single(lines, 'x-forwarded-method'),
    scheme: single(lines, 'x-forwarded-proto'),
    authority: single(lines, 'x-forwarded-host'),
    target: single(lines, 'x-forwarded-uri'),
  }),
  path: (lines, { method, path, query }, beginning) => ({
    method,
    scheme: single(lines, 'x-forwarded-proto'),
    authority: hostOf(lines),
    target: `${path.slice(beginning.length)}${query}`,
  }),
}

function hostOf(lines: HeaderLines): string {
  const [authority] = valuesOf(lines, ':authority')
  return authority ?? single(lines, 'host')
}

function single(lines: HeaderLines, name: string): string {
  const values = valuesOf(lines, name)
  if (values.length === 1 && values[0] !== '') return values[0]
  throw badRequest(`headers.${name}`, 'one value', values.length > 1 ? 'several' : 'none')
}

/** A proxy adds the address of its own client as the last one. */
function clientAddressIn(lines: HeaderLines): string | undefined {
  const last = listOf(valuesOf(lines, 'x-forwarded-for')).at(-1)
  return last === undefined || isIP(last) === 0 ? undefined : last
}

/**
 * Returns a view of the check that looks like the request it is about: for the negotiator, which
 * judges the method, the origin of the page and the cookies. A handshake for a WebSocket is seen by
 * its key, which no script can send: proxies take `Upgrade` away.
 */
function seenAs(
  check: ClientRequest,
  { method, url, host, scheme }: { method: string; url: string; host: string; scheme: string },
): ClientRequest {
  const { headers } = check
  const upgrade = headers['sec-websocket-key'] === undefined ? {} : { upgrade: 'websocket' }
  const seen: Record<string, unknown> = { ...headers, host, 'x-forwarded-proto': scheme, ...upgrade }
  const view: ClientRequest = Object.create(check, {
    method: { value: method },
    url: { value: url },
    headers: { value: seen },
  })
  return view
}
