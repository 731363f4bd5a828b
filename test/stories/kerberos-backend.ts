import { type Acceptor, type AcceptorOptions, createAcceptor, type Identity } from '@s4u/acceptor'
import { type ApReqStep, formatChallenge, frameKrb5Token, parseAuthorization } from '@s4u/gssapi'
import type { ServiceTicket } from '@s4u/kdc-client'
import {
  encode,
  EncTicketPart,
  Key,
  kerberosFlags,
  Keytab,
  KeyUsage,
  KrbError,
  openApReq,
  type OpenedApReq,
  parsePrincipal,
  sealEncryptedData,
  TicketFlag,
} from '@s4u/krb5'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { CERTIFICATES } from './certificates.js'

const REALM = 'AD.TEST'
const HOUR = 3_600_000

/** A backend with keys of its own, and tickets for it as a KDC would issue them. */
export interface Service {
  readonly spn: string
  readonly key: Key
}

export function serviceNamed(spn = 'HTTP/localhost'): Service {
  return { spn, key: Key.random(18) }
}

export function issueTicket({ spn, key }: Service, user = 'alice'): ServiceTicket {
  const client = parsePrincipal(user, { realm: REALM })
  const service = parsePrincipal(spn, { realm: REALM })
  const sessionKey = Key.random(18)
  const flags = kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.PRE_AUTHENT)
  const authenticatedAt = Math.floor(Date.now() / 1000) * 1000 - HOUR
  const expiresAt = authenticatedAt + 10 * HOUR
  const part = encode(EncTicketPart, {
    flags,
    key: sessionKey,
    crealm: client.realm,
    cname: client.name,
    transited: { trType: 1, contents: new Uint8Array(0) },
    authtime: authenticatedAt,
    endtime: expiresAt,
  })
  const encPart = sealEncryptedData(part, key, KeyUsage.TICKET, undefined, 1)
  const ticket = { realm: REALM, sname: service.name, encPart }
  return Object.freeze({
    client,
    service,
    ticket,
    sessionKey,
    flags,
    authenticatedAt,
    startsAt: authenticatedAt,
    expiresAt,
  })
}

export function acceptorOf({ spn, key }: Service, options: AcceptorOptions = {}): Acceptor {
  const principal = parsePrincipal(spn, { realm: REALM })
  return createAcceptor({ keytab: new Keytab([{ principal, kvno: 1, key, timestamp: Date.now() }]), ...options })
}

/** For a backend that judges nothing. */
export function openedBy({ key }: Service, { apReq }: ApReqStep): OpenedApReq {
  return openApReq(apReq, key)
}

/** A refusal with a reason, as a token. */
export function refusalToken({ spn }: Service, errorCode: number): Uint8Array {
  const { realm, name: sname } = parsePrincipal(spn, { realm: REALM })
  return frameKrb5Token('krb-error', encode(KrbError, { stime: Date.now(), susec: 0, errorCode, realm, sname }))
}

/** What a backend saw of one request. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly port: number
  readonly principal?: string
}

export interface Site extends AsyncDisposable {
  /** `http://localhost:1234` */
  readonly origin: string
  readonly port: number
  readonly seen: Seen[]
}

/** A server on a port of its own. `handle` is given what `seen` gets. */
export async function serve(
  handle: (request: IncomingMessage, response: ServerResponse, body: string) => unknown,
  certificate?: (typeof CERTIFICATES)[number],
): Promise<Site> {
  const seen: Seen[] = []
  const listener: RequestListener = async (request, response) => {
    const body = await text(request)
    const { method = '', url = '', headers, socket } = request
    const principal = await handle(request, response, body)
    seen.push({
      method,
      url,
      headers,
      body,
      port: socket.remotePort ?? 0,
      ...(typeof principal === 'string' && { principal }),
    })
  }
  const settings = { maxHeaderSize: 65_536 }
  const server = certificate
    ? createTlsServer({ ...settings, ...certificate }, listener)
    : createServer(settings, listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // All addresses: localhost may be either of two.
  server.listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `${certificate ? 'https' : 'http'}://localhost:${port}`,
    port,
    seen,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close').catch(() => {})
    },
  }
}

/** A backend that authenticates each request, and says who it was. */
export function kerberosSite(
  service: Service,
  {
    certificate,
    onAccepted,
    ...options
  }: AcceptorOptions & {
    readonly certificate?: (typeof CERTIFICATES)[number]
    readonly onAccepted?: (identity: Identity) => void
  } = {},
): Promise<Site> {
  const acceptor = acceptorOf(service, options)
  return serve((request, response, body) => authenticate(acceptor, request, response, body, onAccepted), certificate)
}

/** Answers a request as an authenticated one, or with the challenge. */
export async function authenticate(
  acceptor: Acceptor,
  { headers }: IncomingMessage,
  response: ServerResponse,
  body = '',
  onAccepted?: (identity: Identity) => void,
): Promise<string | undefined> {
  const parsed = parseAuthorization(headers.authorization)
  if (parsed.status !== 'token') {
    response.writeHead(401, { 'www-authenticate': formatChallenge() }).end('who are you?')
    return undefined
  }
  const outcome = await acceptor.accept(parsed.token)
  if (outcome.status !== 'accepted') {
    response.writeHead(401, { 'www-authenticate': formatChallenge(outcome.reply) }).end('no')
    return undefined
  }
  onAccepted?.(outcome.identity)
  const { principal } = outcome.identity
  if (outcome.reply) response.setHeader('www-authenticate', formatChallenge(outcome.reply))
  response.end(body === '' ? principal : `${principal} ${body}`)
  return principal
}
