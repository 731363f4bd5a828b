import type { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'

/**
 * What a negotiator reads of a request. An `IncomingMessage` of `node:http` fits, and so does that
 * of HTTP/2.
 */
export interface NegotiableRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** A request without a method counts as one that changes something. */
  readonly method?: string | undefined
  /** Path and query. Sign-in pages need it. */
  readonly url?: string | undefined
  readonly httpVersionMajor?: number
  /**
   * The connection. Several legs, sessions of connections and channel bindings need the real one.
   */
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined
  /**
   * False where `socket` has only an address, and does not tell which requests share a connection:
   * a web-standard Request. Default: true.
   */
  readonly isSocketKnown?: boolean
  /**
   * The certificate of the client (DER), verified by the server. A web-standard Request may have
   * it; that of `node:http` is asked of its socket. Null: the client has shown none.
   */
  readonly peerCertificate?: Uint8Array | null | undefined
  /** Opens the body of a web-standard Request; undefined where it was read before. */
  openBody?(): Readable | undefined
}

/** Returns the value of a header; the first value where a peer sent the header twice. */
export function headerOf({ headers }: NegotiableRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

/** Returns whether the connection is TLS. */
export function isOverTls({ socket }: NegotiableRequest): boolean {
  return socket instanceof TLSSocket || (socket !== undefined && 'encrypted' in socket && socket.encrypted === true)
}

/**
 * Whether a request is a handshake for another protocol, usually a WebSocket: over HTTP/1 a GET
 * with `Upgrade`, over HTTP/2 a CONNECT.
 */
export function isUpgrade({ headers, method }: NegotiableRequest): boolean {
  return headers['upgrade'] !== undefined || method === 'CONNECT'
}

/**
 * Whether a request is a CORS preflight: OPTIONS without credentials, which a browser sends before
 * a request to another origin. Fetch standard, section "CORS-preflight fetch".
 */
export function isPreflight(request: NegotiableRequest): boolean {
  const { headers, method } = request
  return (
    method === 'OPTIONS' && headers['origin'] !== undefined && headers['access-control-request-method'] !== undefined
  )
}

/** Whether the client used TLS: to this server, or to a proxy that says so in X-Forwarded-Proto. */
export function isEncrypted(request: NegotiableRequest): boolean {
  return isOverTls(request) || firstOf(headerOf(request, 'x-forwarded-proto')) === 'https'
}

/** Returns the first entry of a list to which each proxy adds one. */
export function firstOf(value: string | undefined): string | undefined {
  return value?.split(',')[0].trim()
}
