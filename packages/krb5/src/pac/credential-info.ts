import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import type { Key } from '../crypto/key.js'
import { RejectedTokenError } from '../errors.js'
import { NdrReader } from './ndr-reader.js'

/** PAC_CREDENTIAL_INFO: credentials for whoever signed in without a password. MS-PAC section 2.6.1. */
export interface CredentialInfo {
  readonly version: number
  readonly encryptionType: number
  /** Under the key of the AS reply; see {@link openCredentialInfo}. */
  readonly serializedData: Uint8Array
}

/** SECPKG_SUPPLEMENTAL_CRED: the credentials for one security package. MS-PAC section 2.6.3. */
export class SupplementalCredential {
  /** `NTLM` */
  readonly packageName: string
  readonly #credentials: Uint8Array

  constructor(packageName: string, credentials: Uint8Array) {
    this.packageName = packageName
    this.#credentials = credentials.slice()
  }

  /** A copy of the credentials: password hashes. */
  exposeSecretBytes(): Uint8Array {
    return this.#credentials.slice()
  }
}

/** @throws MalformedTokenError */
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
 * @throws RejectedTokenError if it is not the key
 * @throws MalformedTokenError if what was decrypted is not PAC_CREDENTIAL_DATA
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
  return decodeCredentialData(key.open(CREDENTIAL_KEY_USAGE, info.serializedData))
}

/** PAC_CREDENTIAL_DATA: its array of packages stands in the structure, so the count comes first. MS-PAC section 2.6.2. */
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

/** KERB_NON_KERB_SALT. MS-PAC section 2.6.1. */
const CREDENTIAL_KEY_USAGE = 16
