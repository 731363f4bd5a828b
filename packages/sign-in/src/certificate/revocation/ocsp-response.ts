import { DerFault, type DerReader } from '@s4u/krb5'
import { constructed, eachOf, readDer, readOid, readTime, Tag, wholeElement } from '../x509/read-der.js'
import { readExtensions } from '../x509/x509-certificate.js'
import { readSignedParts, type SignedData } from './signed-data.js'

/** The answer of an OCSP responder, decoded. */
export interface OcspResponse extends SignedData {
  /** Certificates that came along, in DER. */
  readonly certificates: readonly Uint8Array[]
  readonly responses: readonly SingleResponse[]
  /** The nonce of the request, where the responder repeats it. */
  readonly nonce: Uint8Array | undefined
}

export interface SingleResponse {
  readonly certId: CertId
  readonly status: 'good' | 'revoked' | 'unknown'
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
}

/** Of which certificate a responder speaks. Source: RFC 6960 section 4.1.1. */
export interface CertId {
  readonly hashAlgorithm: string
  readonly issuerNameHash: Uint8Array
  readonly issuerKeyHash: Uint8Array
  readonly serialNumber: Uint8Array
}

const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1'
export const OCSP_NONCE = '1.3.6.1.5.5.7.48.1.2'

/** A delegated responder sends its own certificate, and perhaps an authority's. */
const MAX_CERTIFICATES = 5

/** Source: RFC 6960 section 4.2.3. */
const STATUS_NAMES: Readonly<Record<number, string>> = {
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized',
}

/**
 * Decodes an answer; verifies nothing. Source: RFC 6960 section 4.2.1.
 * @throws MalformedTokenError, also for answers that say that there is none
 */
export function decodeOcspResponse(der: Uint8Array): OcspResponse {
  const basic = readDer('OCSPResponse', der, readOuter)
  const { certificates, ...data } = readDer('BasicOCSPResponse', basic, readBasic)
  return { ...data, certificates, ...readDer('ResponseData', data.signed, readData) }
}

function readOuter(reader: DerReader): Uint8Array {
  const enclosing = reader.enter(Tag.SEQUENCE)
  const [status = 255] = reader.contents(Tag.ENUMERATED)
  if (status !== 0) throw new DerFault('an answer', STATUS_NAMES[status] ?? `status ${status}`)
  const tagged = reader.enter(constructed(0))
  const inner = reader.enter(Tag.SEQUENCE)
  const type = readOid(reader)
  if (type !== BASIC_RESPONSE) throw new DerFault('a basic answer', type)
  const basic = reader.contents(Tag.OCTET_STRING)
  reader.leave(inner)
  reader.leave(tagged)
  reader.leave(enclosing)
  return basic
}

function readBasic(reader: DerReader): SignedData & { readonly certificates: readonly Uint8Array[] } {
  const enclosing = reader.enter(Tag.SEQUENCE)
  const data = readSignedParts(reader)
  const certificates: Uint8Array[] = []
  if (reader.peek() === constructed(0)) {
    const tagged = reader.enter(constructed(0))
    eachOf(reader, Tag.SEQUENCE, () => certificates.push(wholeElement(reader)))
    reader.leave(tagged)
  }
  reader.leave(enclosing)
  if (certificates.length > MAX_CERTIFICATES)
    throw new DerFault(`at most ${MAX_CERTIFICATES} certificates`, String(certificates.length))
  return { ...data, certificates }
}

function readData(reader: DerReader): Pick<OcspResponse, 'responses' | 'nonce'> {
  const enclosing = reader.enter(Tag.SEQUENCE)
  if (reader.peek() === constructed(0)) reader.skip()
  // responderID: who has signed is found out with the keys that may.
  reader.skip()
  readTime(reader)
  const responses: SingleResponse[] = []
  eachOf(reader, Tag.SEQUENCE, () => responses.push(readSingle(reader)))
  let nonce: Uint8Array | undefined
  if (reader.peek() === constructed(1)) {
    const tagged = reader.enter(constructed(1))
    nonce = readExtensions(reader).get(OCSP_NONCE)?.value
    reader.leave(tagged)
  }
  reader.leave(enclosing)
  return { responses, nonce }
}

function readSingle(reader: DerReader): SingleResponse {
  const enclosing = reader.enter(Tag.SEQUENCE)
  const certId = readCertId(reader)
  const status = STATUSES.get(reader.peek())
  if (status === undefined) throw new DerFault('good, revoked or unknown', 'another status')
  reader.skip()
  const thisUpdate = readTime(reader)
  let nextUpdate: number | undefined
  if (reader.peek() === constructed(0)) {
    const tagged = reader.enter(constructed(0))
    nextUpdate = readTime(reader)
    reader.leave(tagged)
  }
  if (reader.peek() === constructed(1)) reader.skip()
  reader.leave(enclosing)
  return { certId, status, thisUpdate, nextUpdate }
}

const STATUSES: ReadonlyMap<number, SingleResponse['status']> = new Map([
  [0x80, 'good' as const],
  [0xa1, 'revoked' as const],
  [0x82, 'unknown' as const],
])

function readCertId(reader: DerReader): CertId {
  const enclosing = reader.enter(Tag.SEQUENCE)
  const algorithm = reader.enter(Tag.SEQUENCE)
  const hashAlgorithm = readOid(reader)
  reader.position = reader.end
  reader.leave(algorithm)
  const issuerNameHash = reader.contents(Tag.OCTET_STRING)
  const issuerKeyHash = reader.contents(Tag.OCTET_STRING)
  const serialNumber = reader.contents(Tag.INTEGER)
  reader.leave(enclosing)
  return { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }
}
