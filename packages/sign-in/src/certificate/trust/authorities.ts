import { X509Certificate } from 'node:crypto'
import { ConfigurationError, shownInput } from '@s4u/krb5'
import { certificatesInPem } from '../x509/pem.js'
import { readX509 } from '../x509/x509-certificate.js'

/** Certificates of authorities: PEM, of one or several, or DER. */
export type AuthorityCertificates = string | Uint8Array | readonly (string | Uint8Array)[]

/**
 * Reads the certificates of the authorities that are trusted. Each is trusted by itself, whether or
 * not it is a root.
 * @throws ConfigurationError
 */
export function readAuthorities(ca: AuthorityCertificates): readonly Uint8Array[] {
  const given = Array.isArray(ca) ? ca : [ca]
  const authorities = given.flatMap((one: unknown) => {
    try {
      const all = typeof one === 'string' ? certificatesInPem(one) : one instanceof Uint8Array ? fromBytes(one) : []
      return all.map(requireAuthority)
    } catch (cause) {
      throw noAuthority(one, cause)
    }
  })
  if (authorities.length === 0) throw noAuthority(ca)
  return authorities
}

/** A file that was read without a character set is PEM in octets. */
function fromBytes(octets: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(octets).toString('latin1')
  return text.includes('-----BEGIN') ? certificatesInPem(text) : [octets]
}

function requireAuthority(der: Uint8Array): Uint8Array {
  readX509(der)
  if (!new X509Certificate(der).ca) throw new TypeError('it may sign no certificates')
  return der
}

function noAuthority(one: unknown, cause?: unknown): ConfigurationError {
  const shown = typeof one === 'string' || one instanceof Uint8Array ? 'what was given' : shownInput(one)
  return new ConfigurationError(`certificate: ca must have certificates of authorities, and ${shown} is none`, {
    hint: "Write ca: readFileSync('ca.pem'): the authority whose certificates your people have, not a file of all authorities of the web.",
    cause,
  })
}
