import { type Codec } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { KerberosString, OctetString } from '../asn1/primitives.js'
import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { PrincipalName } from './principal-name.js'

/**
 * The kind of a request: to change the own password, or to set that of any account. Source: RFC
 * 3244 section 2.
 */
export const KpasswdVersion = { CHANGE: 0x0001, SET: 0xff80 } as const

/**
 * A request to a password server, or its answer. Both have the same frame: length and version in 16
 * bits each, the length of the first part, and the two parts. Source: RFC 3244 section 2.
 */
export interface KpasswdMessage {
  /** A number of `KpasswdVersion`. Servers answer 1 to both kinds. */
  readonly version: number
  /** AP-REQ or AP-REP. Empty in an unsigned refusal. */
  readonly ap: Uint8Array
  /** KRB-PRIV, or KRB-ERROR if `ap` is empty. */
  readonly body: Uint8Array
}

/**
 * Returns the octets of a request or an answer.
 *
 * @throws ConfigurationError KRB_ERR_FIELD_TOOLONG if a length does not fit into 16 bits
 *
 * @example
 * ```ts
 * import { encodeKpasswdMessage, KpasswdVersion } from '@s4u/krb5'
 *
 * export const requestOf = (ap: Uint8Array, body: Uint8Array) =>
 *   encodeKpasswdMessage({ version: KpasswdVersion.CHANGE, ap, body })
 * ```
 */
export function encodeKpasswdMessage({ version, ap, body }: KpasswdMessage): Uint8Array {
  const length = HEADER + ap.length + body.length
  const writer = new ByteWriter(length)
  return writer
    .length16be(length, 'the message')
    .u16be(version)
    .length16be(ap.length, 'the AP-REQ')
    .bytes(ap)
    .bytes(body)
    .toBytes()
}

/**
 * Reads a request or an answer.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeKpasswdMessage } from '@s4u/krb5'
 *
 * export const isUnsigned = (octets: Uint8Array) => decodeKpasswdMessage(octets).ap.length === 0
 * ```
 */
export function decodeKpasswdMessage(octets: Uint8Array): KpasswdMessage {
  const reader = new ByteReader(octets, 'KPASSWD')
  const length = reader.u16be('length')
  if (length !== octets.length) reader.fail('length', `${octets.length}, as many octets as there are`, String(length))
  const version = reader.u16be('version')
  const ap = reader.bytes(reader.u16be('ap-length'), 'ap')
  return { version, ap, body: reader.rest() }
}

const HEADER = 6

/**
 * The user data of a request to set a password. In a request to change the own password, the user
 * data is only the new password. Source: RFC 3244 section 2.
 *
 *     ChangePasswdData ::= SEQUENCE {
 *         newpasswd  [0] OCTET STRING, -- in UTF-8
 *         targname   [1] PrincipalName OPTIONAL,
 *         targrealm  [2] Realm OPTIONAL
 *     }
 */
export interface ChangePasswdData {
  readonly newpasswd: Uint8Array
  readonly targname?: PrincipalName
  readonly targrealm?: string
}

/** Reads and writes ChangePasswdData. Source: RFC 3244 section 2. */
export const ChangePasswdData: Codec<ChangePasswdData> = sequence<ChangePasswdData>('ChangePasswdData', {
  newpasswd: field(0, OctetString),
  targname: optional(1, PrincipalName),
  targrealm: optional(2, KerberosString),
})

/**
 * The outcome of a request: the user data of an answer, or the e-data of a refusal. Source: RFC
 * 3244 section 2.
 */
export interface KpasswdResult {
  /** A number of `KPASSWD_RESULTS`. */
  readonly code: number
  /**
   * A text in UTF-8 for the user. Active Directory sends numbers instead: `decodePasswordPolicy`
   * reads them.
   */
  readonly text: Uint8Array
}

/**
 * Reads an outcome.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeKpasswdResult, kpasswdResultName } from '@s4u/krb5'
 *
 * export const outcomeOf = (octets: Uint8Array) =>
 *   kpasswdResultName(decodeKpasswdResult(octets).code)
 * ```
 */
export function decodeKpasswdResult(octets: Uint8Array): KpasswdResult {
  const reader = new ByteReader(octets, 'KPASSWD result')
  return { code: reader.u16be('code'), text: reader.rest() }
}

/**
 * Returns the octets of an outcome.
 *
 * @example
 * ```ts
 * import { encodeKpasswdResult, KPASSWD_RESULTS } from '@s4u/krb5'
 *
 * const text = new TextEncoder().encode('too short')
 * encodeKpasswdResult({ code: KPASSWD_RESULTS.KRB5_KPASSWD_SOFTERROR, text })
 * ```
 */
export function encodeKpasswdResult({ code, text }: KpasswdResult): Uint8Array {
  return new ByteWriter(2 + text.length).u16be(code).bytes(text).toBytes()
}

/** The result codes of a password server. Source: RFC 3244 section 2. */
export const KPASSWD_RESULTS = {
  KRB5_KPASSWD_SUCCESS: 0,
  KRB5_KPASSWD_MALFORMED: 1,
  KRB5_KPASSWD_HARDERROR: 2,
  KRB5_KPASSWD_AUTHERROR: 3,
  KRB5_KPASSWD_SOFTERROR: 4,
  KRB5_KPASSWD_ACCESSDENIED: 5,
  KRB5_KPASSWD_BAD_VERSION: 6,
  KRB5_KPASSWD_INITIAL_FLAG_NEEDED: 7,
} as const

/** A name of `KPASSWD_RESULTS`. */
export type KpasswdResultName = keyof typeof KPASSWD_RESULTS

/**
 * Returns the name of a result code: `KRB5_KPASSWD_SOFTERROR` for 4. A number that RFC 3244 does
 * not name becomes part of the name: `KRB5_KPASSWD_RESULT_99`.
 *
 * @example
 * ```ts
 * import { kpasswdResultName } from '@s4u/krb5'
 *
 * kpasswdResultName(4) // 'KRB5_KPASSWD_SOFTERROR'
 * ```
 */
export function kpasswdResultName(code: number): KpasswdResultName | `KRB5_KPASSWD_RESULT_${number}` {
  return RESULT_NAMES.get(code) ?? `KRB5_KPASSWD_RESULT_${code}`
}

const RESULT_NAMES: ReadonlyMap<number, KpasswdResultName> = new Map(
  Object.entries(KPASSWD_RESULTS).map(([name, code]) => [code, name as KpasswdResultName]),
)
