import { RejectedTokenError } from '@s4u/krb5'
import type { ReadCertificate } from '../x509/client-certificate.js'
import { readDer, Tag } from '../x509/read-der.js'
import type { X509Fields } from '../x509/x509-certificate.js'

/** id-kp-clientAuth. Source: RFC 5280 section 4.2.1.12. */
export const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2'

const KEY_USAGE = '2.5.29.15'

/**
 * Extensions that are read here or by the verification of the chain; critical others are not
 * understood.
 */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...['2.5.29.14', '2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.30', '2.5.29.31', '2.5.29.32'],
  ...['2.5.29.33', '2.5.29.35', '2.5.29.36', '2.5.29.37', '2.5.29.54', '1.3.6.1.5.5.7.1.1'],
])

/**
 * Checks that a certificate is for signing in, now.
 * @param purposes one of these extended key usages must be named in it; none: it is not looked at
 * @throws RejectedTokenError KDC_ERR_INVALID_CERTIFICATE, KDC_ERR_INCONSISTENT_KEY_PURPOSE
 */
export function requireUsable(
  { certificate, fields }: ReadCertificate,
  purposes: readonly string[],
  now: number,
): void {
  const { fingerprint, notBefore, notAfter, extendedKeyUsage } = certificate
  if (now < notBefore || now > notAfter) {
    const when = now < notBefore ? `is valid from ${shown(notBefore)}` : `was valid until ${shown(notAfter)}`
    throw new RejectedTokenError(`the certificate ${fingerprint} ${when}`, {
      code: 'KDC_ERR_INVALID_CERTIFICATE',
      hint: 'Renew the certificate, or set the clock of this machine.',
    })
  }
  if (purposes.length > 0 && !purposes.some((purpose) => extendedKeyUsage?.includes(purpose)))
    throw wrongPurpose(fingerprint, purposes)
  const usage = fields.extensions.get(KEY_USAGE)
  if (usage !== undefined && !mayMakeSignatures(usage.value)) throw wrongPurpose(fingerprint, ['digitalSignature'])
  const unknown = unknownCritical(fields)
  if (unknown === undefined) return
  throw new RejectedTokenError(`the certificate ${fingerprint} has the critical extension ${unknown}`, {
    code: 'KDC_ERR_INVALID_CERTIFICATE',
    hint: 'Have a certificate issued without that extension: what it demands is not known here.',
  })
}

/** Returns a critical extension that nobody here understands. Source: RFC 5280 section 4.2. */
export function unknownCritical({ extensions }: Pick<X509Fields, 'extensions'>): string | undefined {
  return [...extensions].find(([oid, { critical }]) => critical && !UNDERSTOOD.has(oid))?.[0]
}

/** Source: RFC 5280 section 4.2.1.3: the first bit, after the octet that counts unused ones. */
function mayMakeSignatures(value: Uint8Array): boolean {
  const bits = readDer('KeyUsage', value, (reader) => reader.contents(Tag.BIT_STRING))
  return ((bits[1] ?? 0) & 0x80) !== 0
}

function shown(time: number): string {
  return new Date(time).toISOString()
}

function wrongPurpose(fingerprint: string, purposes: readonly string[]): RejectedTokenError {
  return new RejectedTokenError(`the certificate ${fingerprint} is not for ${purposes.join(' or ')}`, {
    code: 'KDC_ERR_INCONSISTENT_KEY_PURPOSE',
    hint: 'Have a certificate issued for client authentication, or name its extended key usage: certificate({ extendedKeyUsage: [ … ] }), with an empty list for every use.',
  })
}
