import { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { tlsExporter, tlsServerEndPoint } from '@s4u/gssapi'
import { ConfigurationError, S4uError } from '@s4u/kdc-client'
import type { NegotiableRequest } from './request.js'

/** The certificate of a TLS server: PEM, or octets in DER. */
export type TlsCertificate = string | Uint8Array

export interface TlsCertificateOptions {
  /**
   * The certificates (PEM or DER) that clients see where TLS ends at a proxy: for channel bindings.
   * Default: those of this server's connections.
   */
  readonly tlsCertificate?: TlsCertificate | readonly TlsCertificate[]
}

/**
 * Computed once for each connection: to read the certificate back costs more than the rest of a
 * request.
 */
const known = new WeakMap<object, readonly Uint8Array[]>()

/**
 * Returns the bindings that a client can have used for its token: the certificate that it saw, and
 * the TLS connection itself. Empty without TLS. Source: RFC 5929 section 4, RFC 9266.
 */
export function bindingsOf(request: NegotiableRequest): readonly Uint8Array[] {
  const { socket } = request
  if (!(socket instanceof TLSSocket)) return []
  const connection = sessionOf(request) ?? socket
  const before = known.get(connection)
  if (before !== undefined) return before
  const bindings = [endPointOf(socket), exporterOf(socket)].filter((binding) => binding !== undefined)
  known.set(connection, bindings)
  return bindings
}

/**
 * Returns the session of an HTTP/2 stream: each stream has a socket object of its own, and they
 * share one connection.
 */
function sessionOf(request: NegotiableRequest): object | undefined {
  const stream: unknown = 'stream' in request ? request.stream : undefined
  const session: unknown = typeof stream === 'object' && stream !== null && 'session' in stream && stream.session
  return typeof session === 'object' && session !== null ? session : undefined
}

function endPointOf(socket: TLSSocket): Uint8Array | undefined {
  const certificate = socket.getCertificate()
  if (certificate === null || !('raw' in certificate) || !(certificate.raw instanceof Uint8Array)) return undefined
  try {
    return tlsServerEndPoint(certificate.raw)
  } catch (error) {
    // The binding is not defined for such a certificate (Ed25519), so no client can have used it.
    if (S4uError.is(error)) return undefined
    throw error
  }
}

function exporterOf(socket: TLSSocket): Uint8Array | undefined {
  // Deno has no exporter, so a client there must bind the certificate.
  if (typeof socket.exportKeyingMaterial !== 'function') return undefined
  // Before TLS 1.3 two connections could export the same octets, unless both sides prevented it.
  // RFC 9266 section 4.2.
  if (socket.getProtocol() !== 'TLSv1.3') return undefined
  return tlsExporter(socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)))
}

/**
 * Returns the bindings of the configured certificates.
 * @throws ConfigurationError for what is not a certificate, and for one without a binding
 */
export function configuredBindings({ tlsCertificate = [] }: TlsCertificateOptions): readonly Uint8Array[] {
  const list =
    typeof tlsCertificate === 'string' || tlsCertificate instanceof Uint8Array ? [tlsCertificate] : tlsCertificate
  return list.map((certificate) => tlsServerEndPoint(derOf(certificate)))
}

function derOf(certificate: TlsCertificate): Uint8Array {
  try {
    return new X509Certificate(certificate).raw
  } catch (cause) {
    throw new ConfigurationError('tlsCertificate is no X.509 certificate', {
      hint: 'Give the contents of the file (PEM or DER), not its path.',
      cause,
    })
  }
}
