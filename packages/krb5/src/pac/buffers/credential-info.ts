import { ByteReader } from '../../bytes/byte-reader.js'
import { ByteWriter } from '../../bytes/byte-writer.js'
import { KeyUsage } from '../../crypto/key-usage.js'
import type { Key, RandomSource } from '../../crypto/key.js'
import { ConfigurationError, RejectedTokenError } from '../../errors/errors.js'
import { NdrReader } from '../encoding/ndr-reader.js'
import { NdrWriter } from '../encoding/ndr-writer.js'

/**
 * PAC_CREDENTIAL_INFO: credentials for a user who signed in without a password. MS-PAC section
 * 2.6.1.
 */
export interface CredentialInfo {
  readonly version: number
  readonly encryptionType: number
  /**
   * The credentials, encrypted with the key of the AS reply; {@link openCredentialInfo} decrypts
   * them.
   */
  readonly serializedData: Uint8Array
}

/**
 * SECPKG_SUPPLEMENTAL_CRED: the credentials for one security package. MS-PAC section 2.6.3.
 *
 * @example
 * ```ts
 * import { SupplementalCredential } from '@s4u/krb5'
 *
 * const credential = new SupplementalCredential('NTLM', new Uint8Array(40))
 * console.log(credential.packageName, credential.exposeSecretBytes().length) // NTLM 40
 * credential.wipe()
 * ```
 */
export class SupplementalCredential {
  /** The name of the package: `NTLM`. */
  readonly packageName: string
  readonly #credentials: Uint8Array
  #wiped = false

  /** Copies `credentials`. */
  constructor(packageName: string, credentials: Uint8Array) {
    this.packageName = packageName
    this.#credentials = new Uint8Array(credentials)
  }

  /**
   * Returns a copy of the credentials, which are password hashes. The caller is responsible for
   * where they go.
   */
  exposeSecretBytes(): Uint8Array {
    if (this.#wiped) throw new ConfigurationError('the credentials have been wiped', { code: 'KRB5_KEY_WIPED' })
    return this.#credentials.slice()
  }

  /** Overwrites the credentials with zeros. They cannot be used any more. */
  wipe(): void {
    this.#wiped = true
    this.#credentials.fill(0)
  }
}

/**
 * Reads PAC_CREDENTIAL_INFO, whose contents stay encrypted.
 *
 * @throws MalformedTokenError
 */
export function decodeCredentialInfo(bytes: Uint8Array, path = 'PAC.CREDENTIAL_INFO'): CredentialInfo {
  const reader = new ByteReader(bytes, path)
  const version = reader.u32le('Version')
  if (version !== 0) reader.fail('Version', '0', String(version))
  return { version, encryptionType: reader.u32le('EncryptionType'), serializedData: reader.rest() }
}

export function encodeCredentialInfo(info: CredentialInfo): Uint8Array {
  const { version, encryptionType, serializedData } = info
  return new ByteWriter(8 + serializedData.length).u32le(version).u32le(encryptionType).bytes(serializedData).toBytes()
}

/**
 * Decrypts PAC_CREDENTIAL_INFO with the key of the AS reply. MS-PAC section 2.6.1.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BAD_INTEGRITY if it was encrypted with another key
 * @throws MalformedTokenError if the plaintext is not PAC_CREDENTIAL_DATA
 *
 * @example
 * ```ts
 * import { decodeNtlmCredential, openCredentialInfo } from '@s4u/krb5'
 * import type { CredentialInfo, Key } from '@s4u/krb5'
 *
 * export function ntHashOf(info: CredentialInfo, replyKey: Key): Uint8Array | undefined {
 *   const found = openCredentialInfo(info, replyKey).map(decodeNtlmCredential)
 *   return found.find((credential) => credential !== undefined)?.exposeSecretNtHash()
 * }
 * ```
 */
export function openCredentialInfo(info: CredentialInfo, key: Key): SupplementalCredential[] {
  if (info.encryptionType !== key.etype) {
    throw new RejectedTokenError(
      `The credentials are of encryption type ${info.encryptionType}, the key of ${key.etype}`,
      {
        code: 'KRB_AP_ERR_BAD_INTEGRITY',
        hint: 'They are encrypted with the reply key of the AS exchange.',
      },
    )
  }
  const plaintext = key.open(KeyUsage.PAC_CREDENTIAL, info.serializedData)
  try {
    return decodeCredentialData(plaintext)
  } finally {
    plaintext.fill(0)
  }
}

/**
 * Encrypts credentials with the key of the AS reply, as a KDC does. MS-PAC section 2.6.1.
 *
 * @example
 * ```ts
 * import { encodeNtlmCredential, type Key, NtlmCredential, sealCredentialInfo } from '@s4u/krb5'
 *
 * export function sealHash(ntHash: Uint8Array, replyKey: Key) {
 *   return sealCredentialInfo([encodeNtlmCredential(new NtlmCredential({ ntHash }))], replyKey)
 * }
 * ```
 */
export function sealCredentialInfo(
  credentials: readonly SupplementalCredential[],
  key: Key,
  random?: RandomSource,
): CredentialInfo {
  const plaintext = encodeCredentialData(credentials)
  const serializedData = key.seal(KeyUsage.PAC_CREDENTIAL, plaintext, random)
  plaintext.fill(0)
  return { version: 0, encryptionType: key.etype, serializedData }
}

/**
 * Reads PAC_CREDENTIAL_DATA. Its array of packages stands inside of the structure, so the count
 * comes first. MS-PAC section 2.6.2.
 */
function decodeCredentialData(bytes: Uint8Array): SupplementalCredential[] {
  return NdrReader.decode(bytes, 'PAC_CREDENTIAL_DATA', (ndr) => {
    const maximum = ndr.u32('CredentialCount')
    const count = ndr.u32('CredentialCount')
    if (count !== maximum) ndr.fail('CredentialCount', String(maximum), String(count))
    ndr.expectElements(count, 16, 'Credentials')
    const heads = []
    for (let i = 0; i < count; i++) {
      heads.push({
        name: ndr.unicodeStringHeader(`Credentials[${i}].PackageName`),
        credentials: ndr.countedPointer(`Credentials[${i}].Credentials`),
      })
    }
    return heads.map((head, i) => {
      const name = ndr.unicodeString(head.name, `Credentials[${i}].PackageName`)
      const field = `Credentials[${i}].Credentials`
      if (!head.credentials.present) return new SupplementalCredential(name, new Uint8Array(0))
      ndr.conformance(head.credentials.count, 1, field)
      return new SupplementalCredential(name, ndr.bytes(head.credentials.count, field))
    })
  })
}

function encodeCredentialData(credentials: readonly SupplementalCredential[]): Uint8Array {
  return NdrWriter.encode((ndr) => {
    const secrets = credentials.map((credential) => credential.exposeSecretBytes())
    ndr.u32(credentials.length).u32(credentials.length)
    for (const [i, { packageName }] of credentials.entries()) {
      ndr
        .unicodeStringHeader(packageName)
        .u32(secrets[i].length)
        .pointer(secrets[i].length > 0)
    }
    for (const [i, { packageName }] of credentials.entries()) {
      ndr.unicodeString(packageName)
      if (secrets[i].length > 0) ndr.u32(secrets[i].length).bytes(secrets[i])
      secrets[i].fill(0)
    }
  })
}
