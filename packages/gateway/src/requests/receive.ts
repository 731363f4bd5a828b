import { randomUUID } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import type { ListenerSettings } from '../configuration/gateway-options.js'
import { plainAddress } from '../configuration/networks.js'
import { mayBeConnectionOption } from './header-names.js'
import { type HeaderLines, headerLines, listOf, valuesOf } from './raw-headers.js'
import { badRequest } from './refusals.js'
import { parseTarget } from './request-target.js'
import type { ClientRequest, ReceivedRequest, ReplyTo } from './steps.js'

export interface ReceivedOn {
  readonly listener: ListenerSettings
  /** Whether an address is one of a proxy in front. */
  readonly isProxy: (address: string | undefined) => boolean
  readonly now: () => number
}

/**
 * Takes a request as it came in, and refuses what could mean two things to two programs.
 * @throws MalformedTokenError S4U_BAD_REQUEST
 */
export function receive(
  request: ClientRequest,
  replyTo: ReplyTo,
  { listener, isProxy, now }: ReceivedOn,
): ReceivedRequest {
  const lines = headerLines(request.rawHeaders)
  requireMethod(request.method)
  requireSingle(lines)
  requireConnection(lines)
  requireUpgrade(lines, replyTo)
  const { path, query } = parseTarget(request.url)
  const { host, port } = parseHost(hostOf(lines, request.httpVersionMajor))
  const peer = request.socket.remoteAddress
  const front = isProxy(peer) ? frontOf(lines) : undefined
  const scheme = front?.scheme ?? (isEncrypted(request) ? 'https' : 'http')
  return {
    id: randomUUID(),
    request,
    replyTo,
    listener,
    receivedAt: now(),
    method: request.method ?? 'GET',
    scheme,
    host,
    port: port ?? (scheme === 'https' ? 443 : 80),
    path,
    query,
    clientAddress: front?.isClientNamed ? front.clientAddress : peer && plainAddress(peer),
  }
}

/**
 * HTTP/2 carries any method, and Node makes capitals of it inside: `delete` would fit no rule about
 * DELETE, and be one all the same.
 */
function requireMethod(method = 'GET'): void {
  if (!/^[A-Z][A-Z-]{0,31}$/.test(method)) throw badRequest('method', 'a method in capitals', 'another text')
}

/** Of these, the parser takes the first where there are two, and another program the last. */
const SINGLE: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-length',
  'content-type',
  'transfer-encoding',
  'origin',
  'expect',
  'upgrade',
])

function requireSingle(lines: HeaderLines): void {
  const seen = new Set<string>()
  for (const [name] of lines) {
    if (!SINGLE.has(name)) continue
    if (seen.has(name)) throw badRequest(`headers.${name}`, 'one line', 'several')
    seen.add(name)
  }
}

function requireConnection(lines: HeaderLines): void {
  const bad = listOf(valuesOf(lines, 'connection')).find((name) => !mayBeConnectionOption(name))
  if (bad !== undefined)
    throw badRequest('headers.connection', 'options of the connection', 'a header that must arrive')
}

/** Another protocol than WebSocket would be a tunnel past all rules: `h2c` carries any request. */
function requireUpgrade(lines: HeaderLines, { kind }: ReplyTo): void {
  if (kind !== 'upgrade') return
  const [protocol] = valuesOf(lines, 'upgrade')
  if (protocol?.trim().toLowerCase() !== 'websocket')
    throw badRequest('headers.upgrade', 'websocket', 'another protocol')
}

/** HTTP/2 has `:authority`; a `Host` beside it must be the same. RFC 9113 section 8.3.1. */
function hostOf(lines: HeaderLines, version: number): string {
  const [host] = valuesOf(lines, 'host')
  const [authority] = version > 1 ? valuesOf(lines, ':authority') : []
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase())
    throw badRequest('headers.host', 'the authority', 'another name')
  const value = authority ?? host
  if (value === undefined || value === '') throw badRequest('headers.host', 'a host', 'none')
  return value
}

const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?\.?)(?::(\d{1,5}))?$/

/** Splits a host and its port. @throws MalformedTokenError S4U_BAD_REQUEST */
export function parseHost(text: string): { readonly host: string; readonly port: number | undefined } {
  const lower = text.toLowerCase()
  const [, port] = HOST.exec(lower) ?? [undefined, undefined]
  if (!HOST.test(lower) || Number(port ?? 0) > 65_535) throw badRequest('headers.host', 'a host', 'another text')
  const host = lower.replace(/:\d{1,5}$/, '').replace(/\.$/, '')
  return { host, port: port === undefined ? undefined : Number(port) }
}

interface Front {
  readonly scheme: 'http' | 'https' | undefined
  /** Whether it says who the client is: `unknown` and what is no address are an answer too. */
  readonly isClientNamed: boolean
  readonly clientAddress: string | undefined
}

/** What a named proxy in front says: it appends, so the last entry is its own. */
function frontOf(lines: HeaderLines): Front {
  const scheme = listOf(valuesOf(lines, 'x-forwarded-proto')).at(-1)
  const client = listOf(valuesOf(lines, 'x-forwarded-for')).at(-1)
  return {
    scheme: scheme === 'http' || scheme === 'https' ? scheme : undefined,
    isClientNamed: client !== undefined,
    clientAddress: client && addressIn(client),
  }
}

/** Some proxies add a port: `192.0.2.7:4711`, `[2001:db8::7]:4711`. */
function addressIn(entry: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry
  return isIP(bare) === 0 ? undefined : plainAddress(bare)
}

export function isEncrypted({ socket }: { readonly socket: Socket }): boolean {
  return 'encrypted' in socket && socket.encrypted === true
}
