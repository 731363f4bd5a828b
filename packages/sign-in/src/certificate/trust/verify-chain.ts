import { X509Certificate } from 'node:crypto'
import { RejectedTokenError, type S4uErrorCode } from '@s4u/krb5'
import type { PresentedChain } from '../proxy/presented-chain.js'
import { hexOf, readDer, readFlag, Tag } from '../x509/read-der.js'
import { readX509 } from '../x509/x509-certificate.js'
import { unknownCritical } from './certificate-use.js'

const BASIC_CONSTRAINTS = '2.5.29.19'

/** More are no chain of an authority, and each costs a signature. */
const MAX_CHAIN = 8

/**
 * A certificate whose signatures lead to a trusted authority: the client's first, the authority
 * last.
 */
export type VerifiedChain = readonly [Uint8Array, ...Uint8Array[]]

/**
 * Verifies that a certificate was issued by one of the authorities, at a time: signatures,
 * validity, the right to issue, constraints on names and policies, lengths of paths. Source: RFC
 * 5280 section 6.
 * @throws RejectedTokenError KDC_ERR_CANT_VERIFY_CERTIFICATE, KDC_ERR_INVALID_CERTIFICATE
 */
export async function verifyChain(
  { leaf, others }: PresentedChain,
  authorities: readonly Uint8Array[],
  now: number,
): Promise<VerifiedChain> {
  if (others.length > MAX_CHAIN) throw refused('KDC_ERR_INVALID_CERTIFICATE', `it came with ${others.length} others`)
  const path = await pathOf({ leaf, others }, authorities, now)
  // What the library leaves out: purposes of keys, critical extensions that it does not know, and
  // how many authorities may stand between.
  path.slice(0, -1).forEach((der, depth) => requireIssuedBy(der, path[depth + 1], depth))
  return path
}

async function pathOf(
  { leaf, others }: PresentedChain,
  authorities: readonly Uint8Array[],
  now: number,
): Promise<VerifiedChain> {
  // The library is large, and is loaded when the first certificate comes.
  const { Certificate, CertificateChainValidationEngine, CryptoEngine } = await import('pkijs')
  const parsed = (der: Uint8Array) => parsedBy(() => Certificate.fromBER(new Uint8Array(der)))
  const engine = new CertificateChainValidationEngine({
    trustedCerts: authorities.map(parsed),
    // The last one is whose path is looked for.
    certs: [...others, leaf].map(parsed),
    checkDate: new Date(now),
  })
  // Node has a Web Crypto API of its own, which the library does not look for.
  const crypto = new CryptoEngine({ name: 'node', crypto: globalThis.crypto })
  const { result, resultMessage, certificatePath } = await engine.verify({}, crypto)
  if (!result || certificatePath === undefined) throw refused('KDC_ERR_CANT_VERIFY_CERTIFICATE', resultMessage)
  const [first, ...rest] = certificatePath.map((one) => new Uint8Array(one.toSchema().toBER(false)))
  if (first === undefined || Buffer.compare(first, leaf) !== 0)
    throw refused('KDC_ERR_CANT_VERIFY_CERTIFICATE', 'it is encoded in a way of its own')
  return [first, ...rest]
}

function parsedBy<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw refused('KDC_ERR_INVALID_CERTIFICATE', 'it cannot be read', cause)
  }
}

/** @param between how many authorities stand between the issuer and the client */
function requireIssuedBy(der: Uint8Array, issuerDer: Uint8Array, between: number): void {
  const [certificate, issuer] = [new X509Certificate(der), new X509Certificate(issuerDer)]
  if (!issuer.ca || !certificate.checkIssued(issuer))
    throw refused('KDC_ERR_CANT_VERIFY_CERTIFICATE', 'an authority of its chain may not have issued it')
  const unknown = unknownCritical(readX509(der))
  if (unknown !== undefined)
    throw refused('KDC_ERR_CANT_VERIFY_CERTIFICATE', `its chain has the critical extension ${unknown}`)
  const most = pathLengthOf(issuerDer)
  if (most !== undefined && between > most)
    throw refused('KDC_ERR_CANT_VERIFY_CERTIFICATE', 'there are more authorities in its chain than one of them permits')
}

/** Source: RFC 5280 section 4.2.1.9. */
function pathLengthOf(der: Uint8Array): number | undefined {
  const extension = readX509(der).extensions.get(BASIC_CONSTRAINTS)
  if (extension === undefined) return undefined
  return readDer('BasicConstraints', extension.value, (reader) => {
    const enclosing = reader.enter(Tag.SEQUENCE)
    readFlag(reader)
    const length = reader.peek() === Tag.INTEGER ? Number(`0x${hexOf(reader.contents(Tag.INTEGER))}`) : undefined
    reader.leave(enclosing)
    return length
  })
}

function refused(code: S4uErrorCode, because: string, cause?: unknown): RejectedTokenError {
  return new RejectedTokenError(`the client's certificate is not believed: ${because}`, {
    code,
    hint: 'Name the authority that issued it in certificate({ ca }), or have a new certificate issued by one that is named.',
    cause,
  })
}
