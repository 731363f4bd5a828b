import { TLSSocket } from 'node:tls'
import { ConfigurationError, peerList, type SignInRequest } from '@s4u/negotiate'

/** Who may say who the caller is: by address, by client certificate, or by both together. */
export interface NamedPeers {
  /** Addresses and networks of the front end: `['10.0.0.7', '10.1.0.0/24']`. */
  readonly addresses?: readonly string[]
  /** SHA-256 fingerprints of its client certificates, in hexadecimal. */
  readonly certificates?: readonly string[]
}

/**
 * Returns whether the other end of a connection is one of the named peers. Where addresses and
 * certificates are named, it has to be both.
 * @throws ConfigurationError
 */
export function namedPeers(from: readonly string[] | NamedPeers): (request: SignInRequest) => boolean {
  const { addresses, certificates }: NamedPeers = isList(from) ? { addresses: from } : { ...from }
  if (isNoList(addresses) || isNoList(certificates) || (addresses ?? []).length + (certificates ?? []).length === 0)
    throw new ConfigurationError('trustedHeader: from must name the front end', {
      hint: "Write from: ['10.0.0.7'], or from: { certificates: ['SHA-256 fingerprint'] }.",
    })
  const isNear = addresses && peerList('trustedHeader: from', addresses)
  const known = certificates && new Set(certificates.map(fingerprintOf))
  return ({ peerAddress, request: { socket } }) =>
    (isNear === undefined || isNear.has(peerAddress)) && (known === undefined || known.has(shownBy(socket) ?? ''))
}

const isList = (from: readonly string[] | NamedPeers): from is readonly string[] => Array.isArray(from)
const isNoList = (value: unknown): boolean => value !== undefined && !Array.isArray(value)

/** Colons and letter case are how programs print it. */
function fingerprintOf(written: unknown): string {
  const plain = typeof written === 'string' ? written.replaceAll(':', '').toLowerCase() : ''
  if (/^[0-9a-f]{64}$/.test(plain)) return plain
  throw new ConfigurationError('trustedHeader: one of from.certificates is no SHA-256 fingerprint', {
    hint: 'Print it with: openssl x509 -in front.crt -noout -fingerprint -sha256',
  })
}

/** The handshake has proved that the peer has the key of its certificate. */
function shownBy(socket: object | undefined): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const { fingerprint256 } = socket.getPeerCertificate()
  return fingerprint256?.replaceAll(':', '').toLowerCase()
}
