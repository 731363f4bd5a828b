import { createHash, X509Certificate } from 'node:crypto'
import { readX509, type X509Fields } from '../x509/x509-certificate.js'
import { type Download, download } from './download.js'
import { type CertId, decodeOcspResponse, OCSP_NONCE, type OcspResponse, type SingleResponse } from './ocsp-response.js'
import { isSignedBy } from './signed-data.js'
import { type CertificateStatus, CLOCK_SKEW } from './certificate-status.js'

/**
 * Answers about one certificate have 2 KB, with a chain of responders' certificates some more.
 * Octets.
 */
const MAX_ANSWER = 65_536

/** Octets of a nonce. Source: RFC 9654 section 2.1. */
const NONCE = 32

const SHA_1 = '1.3.14.3.2.26'
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'

export interface Responder extends Omit<Download, 'most'> {
  readonly url: string
  readonly now: () => number
  readonly random: (length: number) => Uint8Array
  /** Whether an answer without the nonce of the request counts for nothing. */
  readonly requireNonce: boolean
}

/**
 * Asks an OCSP responder about a certificate. Source: RFC 6960.
 * @throws Error with the reason why there is no answer that counts
 */
export async function askResponder(
  { serialNumber }: Pick<X509Fields, 'serialNumber'>,
  issuer: X509Fields,
  responder: Responder,
): Promise<CertificateStatus> {
  const nonce = responder.random(NONCE)
  const certId = certIdOf(serialNumber, issuer)
  const answer = await download(responder.url, { ...responder, most: MAX_ANSWER }, await encodeRequest(certId, nonce))
  const response = decodeOcspResponse(answer)
  const now = responder.now()
  requireSigner(response, issuer, now)
  const isFresh = requireNonce(response, nonce, responder.requireNonce)
  const [single, second] = response.responses.filter((one) => isSame(one.certId, certId))
  if (single === undefined || second !== undefined) throw new Error('the answer is not about this certificate')
  return { status: single.status, until: requireCurrent(single, isFresh, now) }
}

/**
 * SHA-1 as every responder knows it (RFC 5019 section 2.1.1): it names here, and proves nothing.
 */
function certIdOf(serialNumber: Uint8Array, issuer: X509Fields): CertId {
  const issuerNameHash = new Uint8Array(createHash('sha1').update(issuer.subjectDer).digest())
  const issuerKeyHash = new Uint8Array(createHash('sha1').update(issuer.publicKeyBits).digest())
  return { hashAlgorithm: SHA_1, issuerNameHash, issuerKeyHash, serialNumber }
}

async function encodeRequest(certId: CertId, nonce: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { Integer, Null, OctetString } = await import('asn1js')
  const { AlgorithmIdentifier, CertID, Extension, OCSPRequest, Request, TBSRequest } = await import('pkijs')
  const { issuerNameHash, issuerKeyHash, serialNumber } = certId
  const reqCert = new CertID({
    hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA_1, algorithmParams: new Null() }),
    issuerNameHash: new OctetString({ valueHex: bufferOf(issuerNameHash) }),
    issuerKeyHash: new OctetString({ valueHex: bufferOf(issuerKeyHash) }),
    serialNumber: new Integer({ valueHex: bufferOf(serialNumber) }),
  })
  const extnValue = new OctetString({ valueHex: bufferOf(nonce) }).toBER()
  const tbsRequest = new TBSRequest({
    requestList: [new Request({ reqCert })],
    requestExtensions: [new Extension({ extnID: OCSP_NONCE, extnValue })],
  })
  return new Uint8Array(new OCSPRequest({ tbsRequest }).toSchema(true).toBER())
}

function bufferOf(octets: Uint8Array): ArrayBuffer {
  return new Uint8Array(octets).buffer
}

/**
 * The authority itself may sign, or the owner of a certificate that the same authority has issued
 * for that. Source: RFC 6960 section 4.2.2.2.
 */
function requireSigner(response: OcspResponse, issuerFields: X509Fields, now: number): void {
  const issuer = new X509Certificate(issuerFields.der)
  if (isSignedBy(response, issuer.publicKey)) return
  for (const der of response.certificates)
    if (mayRespond(der, issuer, now) && isSignedBy(response, new X509Certificate(der).publicKey)) return
  throw new Error('the answer is not signed by the authority or a responder that it has named')
}

function mayRespond(der: Uint8Array, issuer: X509Certificate, now: number): boolean {
  const { notBefore, notAfter } = readX509(der)
  const responder = new X509Certificate(der)
  const isIssued = responder.checkIssued(issuer) && responder.verify(issuer.publicKey)
  const isNamed = responder.keyUsage?.includes(OCSP_SIGNING) ?? false
  return isIssued && isNamed && now >= notBefore && now <= notAfter
}

/**
 * Returns whether the answer was made for this request. A wrong nonce is that of another request.
 */
function requireNonce({ nonce }: OcspResponse, sent: Uint8Array, isRequired: boolean): boolean {
  if (nonce === undefined) {
    if (isRequired) throw new Error('the answer has no nonce')
    return false
  }
  // The value is an OCTET STRING in an OCTET STRING; some responders leave the inner header out.
  const repeated = nonce.length === sent.length + 2 ? nonce.subarray(2) : nonce
  if (Buffer.compare(repeated, sent) !== 0) throw new Error('the answer is that to another request')
  return true
}

/** Returns until when the answer counts. Source: RFC 6960 section 3.2. */
function requireCurrent({ thisUpdate, nextUpdate }: SingleResponse, isFresh: boolean, now: number): number {
  if (thisUpdate > now + CLOCK_SKEW) throw new Error('the answer is of the future')
  if (nextUpdate === undefined) {
    if (!isFresh) throw new Error('the answer has neither a nonce nor an end')
    return now
  }
  if (nextUpdate + CLOCK_SKEW < now) throw new Error('the answer is too old')
  return nextUpdate
}

function isSame(one: CertId, other: CertId): boolean {
  return (
    one.hashAlgorithm === other.hashAlgorithm &&
    Buffer.compare(one.issuerNameHash, other.issuerNameHash) === 0 &&
    Buffer.compare(one.issuerKeyHash, other.issuerKeyHash) === 0 &&
    Buffer.compare(one.serialNumber, other.serialNumber) === 0
  )
}
