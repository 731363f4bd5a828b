import { type Codec } from '../../asn1/codec.js'
import { field, optional, sequence } from '../../asn1/sequence.js'
import { KerberosFlags, KerberosString, OctetString, UInt32 } from '../../asn1/primitives.js'
import { Checksum } from '../encrypted-data.js'
import { PrincipalName } from '../principal-name.js'

/**
 * Names the user for whom a service asks for a ticket to itself (S4U2Self). Source: MS-SFU section
 * 2.2.1.
 *
 *     PA-FOR-USER-ENC ::= SEQUENCE {
 *         userName      [0] PrincipalName,
 *         userRealm     [1] Realm,
 *         cksum         [2] Checksum,
 *         auth-package  [3] KerberosString -- "Kerberos"
 *     }
 */
export interface PaForUser {
  readonly userName: PrincipalName
  readonly userRealm: string
  readonly cksum: Checksum
  readonly authPackage: string
}

/** Reads and writes PA-FOR-USER. Source: MS-SFU section 2.2.1. */
export const PaForUser: Codec<PaForUser> = sequence<PaForUser>('PA-FOR-USER', {
  userName: field(0, PrincipalName),
  userRealm: field(1, KerberosString),
  cksum: field(2, Checksum),
  authPackage: field(3, KerberosString),
})

/**
 * Returns the octets that the checksum of PA-FOR-USER covers: the fields without lengths and
 * without zero octets between them. Source: MS-SFU section 2.2.1.
 *
 * @example
 * ```ts
 * import { forUserChecksumInput, hmacMd5Checksum, type Key, parsePrincipal } from '@s4u/krb5'
 *
 * export function checksumFor(user: string, sessionKey: Key): Uint8Array {
 *   const { name: userName, realm: userRealm } = parsePrincipal(user)
 *   const forUser = { userName, userRealm, authPackage: 'Kerberos' }
 *   return hmacMd5Checksum(sessionKey, 17, forUserChecksumInput(forUser))
 * }
 * ```
 */
export function forUserChecksumInput(forUser: Omit<PaForUser, 'cksum'>): Uint8Array {
  const { userName, userRealm, authPackage } = forUser
  const text = new TextEncoder().encode([...userName.nameString, userRealm, authPackage].join(''))
  const input = new Uint8Array(4 + text.length)
  new DataView(input.buffer).setInt32(0, userName.nameType, true)
  input.set(text, 4)
  return input
}

/** Bit numbers of S4UUserID.options. Source: MS-SFU section 2.2.2. */
export const S4uOption = { CHECK_LOGON_HOURS: 1, USE_REPLY_KEY_USAGE: 2 } as const

/**
 * The user by name, by certificate, or by both. Source: MS-SFU section 2.2.2.
 *
 *     S4UUserID ::= SEQUENCE {
 *         nonce                [0] UInt32, -- the nonce of the KDC-REQ-BODY
 *         cname                [1] PrincipalName OPTIONAL,
 *         crealm               [2] Realm,
 *         subject-certificate  [3] OCTET STRING OPTIONAL,
 *         options              [4] BIT STRING OPTIONAL,
 *         ...
 *     }
 */
export interface S4uUserId {
  readonly nonce: number
  readonly cname?: PrincipalName
  readonly crealm: string
  readonly subjectCertificate?: Uint8Array
  readonly options?: KerberosFlags
}

/**
 * Reads and writes S4UUserID, over which the checksum of PA-S4U-X509-USER goes. Source: MS-SFU
 * section 2.2.2.
 */
export const S4uUserId: Codec<S4uUserId> = sequence<S4uUserId>(
  'S4UUserID',
  {
    nonce: field(0, UInt32),
    cname: optional(1, PrincipalName),
    crealm: field(2, KerberosString),
    subjectCertificate: optional(3, OctetString),
    options: optional(4, KerberosFlags),
  },
  { extensible: true },
)

/**
 * PA-S4U-X509-USER: `SEQUENCE { user-id [0] S4UUserID, checksum [1] Checksum }`. The checksum
 * covers the user-id exactly as it was sent.
 */
export interface PaS4uX509User {
  readonly userId: S4uUserId
  readonly checksum: Checksum
}

/** Reads and writes PA-S4U-X509-USER. Source: MS-SFU section 2.2.2. */
export const PaS4uX509User: Codec<PaS4uX509User> = sequence<PaS4uX509User>('PA-S4U-X509-USER', {
  userId: field(0, S4uUserId),
  checksum: field(1, Checksum),
})
