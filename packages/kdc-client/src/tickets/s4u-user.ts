import {
  certificateUpn,
  ConfigurationError,
  formatPrincipal,
  NameType,
  parsePrincipal,
  type Principal,
  sameRealmIgnoringCase,
  shownInput,
} from '@s4u/krb5'
import { wrong } from '../arguments/argument-shapes.js'

/** The user of a protocol transition: a name, or the user's certificate in DER. */
export type S4uSubject = string | { readonly certificate: Uint8Array; readonly user?: string }

/** A parsed `S4uSubject`: a name, a certificate, or both, which must then belong together. */
export interface S4uUser {
  readonly principal?: Principal
  readonly certificate?: Uint8Array
  /**
   * The user principal name in the certificate, if it has one. It tells the realm, and appears in
   * messages.
   */
  readonly upn?: string
}

/** The realms of NetBIOS domain names: `{ CORP: 'CORP.TEST' }`. */
export type DomainNames = Readonly<Record<string, string>>

/** @throws MalformedTokenError, ConfigurationError */
export async function readSubject(subject: S4uSubject, realm: string, domains: DomainNames = {}): Promise<S4uUser> {
  if (typeof subject === 'string') return { principal: parseUser(subject, realm, domains) }
  requireSubject(subject)
  const { certificate, user } = subject
  if (certificate.length === 0) throw new ConfigurationError('the certificate of the user is empty')
  const upn = await certificateUpn(certificate)
  return { certificate, upn, principal: user === undefined ? undefined : parseUser(user, realm, domains) }
}

/**
 * Checks the shape of a subject. Names come from forms, which may send anything.
 *
 * @throws ConfigurationError
 */
function requireSubject(subject: unknown): void {
  const { certificate, user }: Partial<Record<'certificate' | 'user', unknown>> = Object(subject)
  if (certificate instanceof Uint8Array && (user === undefined || typeof user === 'string')) return
  throw new ConfigurationError(`the user must be a name or a certificate, not ${shownInput(subject)}`, {
    hint: "Write 'bob', 'bob@AD.TEST', or { certificate } with its DER octets.",
  })
}

/**
 * Parses a user name: `bob`, `bob@AD.TEST`, `AD\bob`, or `bob.builder@corp.example`. The last one
 * becomes an enterprise name, which the KDC of the realm resolves.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { parseUser } from '@s4u/kdc-client'
 *
 * const { name, realm } = parseUser('CORP\\bob', 'AD.TEST', { CORP: 'CORP.TEST' })
 * // An enterprise name, which the KDC of AD.TEST resolves.
 * console.log(name.nameString[0], realm) // bob@CORP.TEST AD.TEST
 * ```
 */
export function parseUser(text: string, realm: string, domains: DomainNames = {}): Principal {
  if (typeof text !== 'string')
    throw wrong('parseUser: the user', 'a text', text, "Write 'bob', 'bob@AD.TEST' or 'AD\\\\bob'.")
  const backslash = /^([^\\@/]+)\\([^\\@/]+)$/.exec(text)
  if (backslash) return parseDownLevelName(backslash[1], backslash[2], realm, domains)
  const at = text.lastIndexOf('@')
  if (at < 0) return parsePrincipal(text, { realm, nameType: NameType.PRINCIPAL })
  if (!sameRealmIgnoringCase(text.slice(at + 1), realm))
    return parsePrincipal(text, { realm, nameType: NameType.ENTERPRISE })
  const name = text.slice(0, at)
  // This is how an enterprise name of the realm is written: `bob.builder@corp.example@AD.TEST`.
  return parsePrincipal(name, { realm, nameType: name.includes('@') ? NameType.ENTERPRISE : NameType.PRINCIPAL })
}

/**
 * Parses `DOMAIN\user`. The NetBIOS name of a domain is usually the first label of its DNS name.
 * Other NetBIOS names must be configured.
 */
function parseDownLevelName(domain: string, user: string, realm: string, domains: DomainNames): Principal {
  const known = Object.entries(domains).find(([name]) => sameRealmIgnoringCase(name, domain))?.[1]
  const isOwn = sameRealmIgnoringCase(domain, realm) || sameRealmIgnoringCase(domain, realm.split('.')[0])
  if (known === undefined && isOwn) return parsePrincipal(user, { realm, nameType: NameType.PRINCIPAL })
  return parseUser(`${user}@${known ?? domain}`, realm)
}

/**
 * Returns the name of a user for messages. A name in a certificate looks as if the app had given
 * it.
 */
export function nameOfUser({ principal, upn }: S4uUser, realm: string): string {
  if (principal !== undefined) return formatPrincipal(principal)
  if (upn === undefined) return OWNER_OF_CERTIFICATE
  return upn.includes('@') ? formatPrincipal(parseUser(upn, realm)) : upn
}

/** The name in messages for a user of whom only a certificate is known. */
export const OWNER_OF_CERTIFICATE = 'the owner of the certificate'
