import { ConfigurationError, RejectedTokenError } from '@s4u/krb5'
import type { ClientCertificate, ReadCertificate } from '../x509/client-certificate.js'
import { type AskedDirectory, ownerInDirectory } from './directory-owner.js'
import type { CertificateOwner } from './require-owner.js'
import { securityIdentitiesOf, type WeakMapping } from './security-identities.js'

/**
 * Who says whose certificate it is. `directory`: the KDC (PA-S4U-X509-USER), by its own rules.
 * `upn`: the user principal name in the certificate. `altSecurityIdentities`: that attribute of the
 * accounts. A function: the app, which returns a name as `identityFor` takes it, or undefined for
 * nobody.
 */
export type CertificateMapping =
  | 'directory'
  | 'upn'
  | 'altSecurityIdentities'
  | ((certificate: ClientCertificate) => string | undefined | Promise<string | undefined>)

export interface MappingRules {
  readonly mapping: CertificateMapping
  readonly weakMappings: readonly WeakMapping[]
  readonly directory: AskedDirectory | undefined
}

/**
 * Finds out whose certificate it is.
 * @throws RejectedTokenError KDC_ERR_CLIENT_NAME_MISMATCH, KDC_ERR_CERTIFICATE_MISMATCH;
 * ConfigurationError; DirectoryError and DirectoryUnreachableError of the directory
 */
export async function ownerOf(read: ReadCertificate, rules: MappingRules): Promise<CertificateOwner> {
  const { certificate } = read
  const { mapping, weakMappings, directory } = rules
  if (mapping === 'directory') return { user: { certificate: certificate.der } }
  if (mapping === 'upn') return { user: { upn: requireOneUpn(certificate, weakMappings) } }
  if (mapping === 'altSecurityIdentities') {
    if (directory === undefined) throw withoutDirectory()
    return ownerInDirectory(certificate, securityIdentitiesOf(read, weakMappings), directory)
  }
  const user: unknown = await mapping(certificate)
  if (typeof user === 'string' && user !== '') return { user }
  if (user === undefined) throw nobodys(certificate, 'the function mapping names nobody')
  throw new ConfigurationError('certificate: the function mapping must return a name or undefined', {
    hint: "Return 'alice', 'alice@AD.TEST' or 'CORP\\\\alice' for the owner, and undefined for nobody.",
  })
}

/**
 * A name in a certificate is worth as much as the authority's care in writing it, so that it counts
 * with the SID of the account beside it, or where the app says that it does. Source: KB5014754.
 */
function requireOneUpn(certificate: ClientCertificate, weak: readonly WeakMapping[]): string {
  const [upn, second] = certificate.upns
  if (upn === undefined) throw nobodys(certificate, 'it has no user principal name')
  if (second !== undefined) throw nobodys(certificate, 'it has several user principal names')
  if (!UPN.test(upn)) throw nobodys(certificate, 'its user principal name is not of the form name@domain')
  if (certificate.sid === undefined && !weak.includes('upn')) {
    throw new RejectedTokenError(`the certificate ${certificate.fingerprint} does not name the SID of its account`, {
      code: 'KDC_ERR_CERTIFICATE_MISMATCH',
      hint: "Have it issued with the extension 1.3.6.1.4.1.311.25.2, or write weakMappings: ['upn'] if the authority puts no name of another person into a certificate.",
    })
  }
  return upn
}

/** One `@`, and nothing that has a meaning in the name of a principal. */
const UPN = /^[^@/\\\p{C}]+@[^@/\\\p{C}]+$/u

function nobodys({ fingerprint }: ClientCertificate, because: string): RejectedTokenError {
  return new RejectedTokenError(`the certificate ${fingerprint} belongs to nobody: ${because}`, {
    code: 'KDC_ERR_CLIENT_NAME_MISMATCH',
    hint: 'Have a certificate issued that names its account, or choose another mapping in certificate().',
  })
}

/** @throws ConfigurationError */
export function withoutDirectory(): ConfigurationError {
  return new ConfigurationError("certificate: mapping: 'altSecurityIdentities' needs a directory", {
    hint: 'Write negotiate({ directory: true }), or certificate({ directory, … }) with what openDirectory of @s4u/directory returns.',
  })
}
