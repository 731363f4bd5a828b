import {
  type Codec,
  ByteWriter,
  ConfigurationError,
  decode,
  DerFault,
  type DerReader,
  digest,
  type DigestName,
  requireGiven,
} from '@s4u/krb5'
import { ObjectIdentifier } from '../framing/oids.js'

/**
 * The channel that a context belongs to. Over TLS only `applicationData` is used. Source: RFC 2744
 * section 3.11.
 */
export interface ChannelBindings {
  readonly initiatorAddress?: ChannelAddress
  readonly acceptorAddress?: ChannelAddress
  readonly applicationData: Uint8Array
}

/** One end of a channel: the type of the address, and its octets. Source: RFC 2744 section 3.11. */
export interface ChannelAddress {
  readonly type: number
  readonly address: Uint8Array
}

/**
 * Returns the 16 octets of the bindings in a token. Source: RFC 4121 section 4.1.1.2.
 *
 * @example
 * ```ts
 * import { channelBindingsHash, tlsServerEndPoint } from '@s4u/gssapi'
 *
 * export const hashOf = (certificate: Uint8Array) =>
 *   channelBindingsHash(tlsServerEndPoint(certificate))
 * ```
 */
export function channelBindingsHash(bindings: ChannelBindings | Uint8Array): Uint8Array {
  const { initiatorAddress, acceptorAddress, applicationData } =
    bindings instanceof Uint8Array ? { applicationData: bindings } : bindings
  const writer = new ByteWriter()
  for (const { type, address } of [initiatorAddress ?? UNSPECIFIED, acceptorAddress ?? UNSPECIFIED]) {
    writer.u32le(type).u32le(address.length).bytes(address)
  }
  return digest('md5', writer.u32le(applicationData.length).bytes(applicationData).toBytes())
}

/**
 * Returns whether a hash says that the initiator bound no channel.
 *
 * @example
 * ```ts
 * import { channelBindingsHash, isUnbound } from '@s4u/gssapi'
 *
 * console.log(isUnbound(new Uint8Array(16))) // true
 * console.log(isUnbound(channelBindingsHash({ applicationData: Uint8Array.of(1, 2) }))) // false
 * ```
 */
export function isUnbound(hash: Uint8Array): boolean {
  return hash.every((octet) => octet === 0)
}

/**
 * Returns application data that binds a context to the server's certificate: the hash of the
 * certificate. The hash function is that of the certificate's signature, or SHA-256 in place of MD5
 * and SHA-1. Source: RFC 5929 section 4.1.
 * @param certificate the server's certificate, DER
 * @throws ConfigurationError if the signature has no single hash function (Ed25519): the binding is
 * not defined for it
 * @throws MalformedTokenError if the octets are not a certificate
 * @example
 * ```ts
 * import { tlsServerEndPoint } from '@s4u/gssapi'
 * import { X509Certificate } from 'node:crypto'
 * import { readFileSync } from 'node:fs'
 *
 * const certificate = new X509Certificate(readFileSync('server.pem'))
 * const bindings = tlsServerEndPoint(certificate.raw)
 * ```
 */
export function tlsServerEndPoint(certificate: Uint8Array): Uint8Array {
  requireGiven('a certificate', certificate, 'octets', 'Give it as DER: socket.getPeerCertificate().raw.')
  return prefixed('tls-server-end-point:', digest(hashOfSignature(certificate), certificate))
}

/**
 * Returns application data that binds a context to the TLS connection. Source: RFC 9266 section 2.
 *
 * @param exported 32 octets: `socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding',
 * Buffer.alloc(0))`
 *
 * @example
 * ```ts
 * import { tlsExporter } from '@s4u/gssapi'
 * import type { TLSSocket } from 'node:tls'
 *
 * export const bindingOf = (socket: TLSSocket) =>
 *   tlsExporter(socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)))
 * ```
 */
export function tlsExporter(exported: Uint8Array): Uint8Array {
  requireGiven('tls-exporter', exported, 'octets', 'Give what socket.exportKeyingMaterial(32, …) returns.')
  if (exported.length !== EXPORTER_OCTETS)
    throw new ConfigurationError(`tls-exporter takes ${EXPORTER_OCTETS} octets, not ${exported.length}`)
  return prefixed('tls-exporter:', exported)
}

const UNSPECIFIED: ChannelAddress = { type: 0, address: new Uint8Array(0) }
const EXPORTER_OCTETS = 32

/**
 * Source: RFC 3279, RFC 5758, RFC 8702, and NIST's register of algorithms (2.16.840.1.101.3.4.3).
 */
const HASH_OF_SIGNATURE: Readonly<Record<string, DigestName>> = {
  '1.2.840.113549.1.1.4': 'sha256', // md5WithRSAEncryption
  '1.2.840.113549.1.1.5': 'sha256', // sha1WithRSAEncryption
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.113549.1.1.14': 'sha224',
  '1.2.840.113549.1.1.15': 'sha512-224',
  '1.2.840.113549.1.1.16': 'sha512-256',
  '1.2.840.10040.4.3': 'sha256', // dsa-with-sha1
  '2.16.840.1.101.3.4.3.1': 'sha224', // dsa-with-sha224 and the following
  '2.16.840.1.101.3.4.3.2': 'sha256',
  '2.16.840.1.101.3.4.3.3': 'sha384',
  '2.16.840.1.101.3.4.3.4': 'sha512',
  '2.16.840.1.101.3.4.3.5': 'sha3-224',
  '2.16.840.1.101.3.4.3.6': 'sha3-256',
  '2.16.840.1.101.3.4.3.7': 'sha3-384',
  '2.16.840.1.101.3.4.3.8': 'sha3-512',
  '2.16.840.1.101.3.4.3.9': 'sha3-224', // ecdsa-with-sha3-224 and the following
  '2.16.840.1.101.3.4.3.10': 'sha3-256',
  '2.16.840.1.101.3.4.3.11': 'sha3-384',
  '2.16.840.1.101.3.4.3.12': 'sha3-512',
  '2.16.840.1.101.3.4.3.13': 'sha3-224', // rsassa-pkcs1-v1-5-with-sha3-224 and the following
  '2.16.840.1.101.3.4.3.14': 'sha3-256',
  '2.16.840.1.101.3.4.3.15': 'sha3-384',
  '2.16.840.1.101.3.4.3.16': 'sha3-512',
  '1.2.840.10045.4.1': 'sha256', // ecdsa-with-SHA1
  '1.2.840.10045.4.3.1': 'sha224',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
}

/**
 * The signature algorithm id-RSASSA-PSS. Its parameters name the hash; SHA-1 if they do not.
 * Source: RFC 4055 section 3.1.
 */
const RSASSA_PSS = '1.2.840.113549.1.1.10'

const HASH: Readonly<Record<string, DigestName>> = {
  '1.3.14.3.2.26': 'sha256', // SHA-1
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.5': 'sha512-224',
  '2.16.840.1.101.3.4.2.6': 'sha512-256',
  '2.16.840.1.101.3.4.2.7': 'sha3-224',
  '2.16.840.1.101.3.4.2.8': 'sha3-256',
  '2.16.840.1.101.3.4.2.9': 'sha3-384',
  '2.16.840.1.101.3.4.2.10': 'sha3-512',
}

function hashOfSignature(certificate: Uint8Array): DigestName {
  const { algorithm, pssHash } = decode(SignatureOfCertificate, certificate)
  const hash = algorithm === RSASSA_PSS ? HASH[pssHash ?? '1.3.14.3.2.26'] : HASH_OF_SIGNATURE[algorithm]
  if (hash !== undefined) return hash
  throw new ConfigurationError(`tls-server-end-point is not known for certificates signed with ${algorithm}`, {
    code: 'GSS_S_BAD_BINDINGS',
    hint: 'Use a certificate signed with RSA or ECDSA and SHA-2, or bind with tls-exporter.',
  })
}

interface CertificateSignature {
  readonly algorithm: string
  readonly pssHash?: string
}

/**
 * `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm, parameters
 * }, signature }`. RFC 5280 section 4.1.
 */
const SignatureOfCertificate: Codec<CertificateSignature> = {
  name: 'Certificate',
  tag: 0x30,
  read(reader) {
    const certificate = reader.enter(0x30)
    reader.skip()
    const signatureAlgorithm = reader.enter(0x30)
    const algorithm = ObjectIdentifier.read(reader)
    const pssHash = algorithm === RSASSA_PSS && reader.peek() === 0x30 ? readPssHash(reader) : undefined
    while (reader.position < reader.end) reader.skip()
    reader.leave(signatureAlgorithm)
    reader.skip()
    reader.leave(certificate)
    return { algorithm, pssHash }
  },
  write() {
    throw new DerFault('reading alone', 'writing')
  },
}

/**
 * `RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] SEQUENCE { algorithm, … } DEFAULT sha1, … }`.
 */
function readPssHash(reader: DerReader): string | undefined {
  const parameters = reader.enter(0x30)
  let hash: string | undefined
  if (reader.peek() === 0xa0) {
    const tagged = reader.enter(0xa0)
    const identifier = reader.enter(0x30)
    hash = ObjectIdentifier.read(reader)
    while (reader.position < reader.end) reader.skip()
    reader.leave(identifier)
    reader.leave(tagged)
  }
  while (reader.position < reader.end) reader.skip()
  reader.leave(parameters)
  return hash
}

function prefixed(prefix: string, octets: Uint8Array): Uint8Array {
  return Uint8Array.from([...new TextEncoder().encode(prefix), ...octets])
}
