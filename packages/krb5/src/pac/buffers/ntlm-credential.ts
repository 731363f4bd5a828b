import { ByteReader } from '../../bytes/byte-reader.js'
import { ByteWriter } from '../../bytes/byte-writer.js'
import { ConfigurationError } from '../../errors/errors.js'
import { SupplementalCredential } from './credential-info.js'

/**
 * NTLM_SUPPLEMENTAL_CREDENTIAL: hashes of the user's password, for protocols without Kerberos.
 * MS-PAC section 2.6.4. An attacker can use each of them in place of the password; printing and
 * JSON show neither.
 *
 * @example
 * ```ts
 * import { NtlmCredential } from '@s4u/krb5'
 *
 * const credential = new NtlmCredential({ ntHash: new Uint8Array(16).fill(1) })
 * console.log(credential.exposeSecretNtHash()?.length) // 16
 * credential.wipe()
 * ```
 */
export class NtlmCredential {
  readonly #lmHash: Uint8Array | undefined
  readonly #ntHash: Uint8Array | undefined
  #wiped = false

  /**
   * Copies the hashes.
   *
   * @throws ConfigurationError if a hash does not have 16 octets
   */
  constructor(hashes: { readonly lmHash?: Uint8Array; readonly ntHash?: Uint8Array }) {
    this.#lmHash = copyOfHash(hashes.lmHash)
    this.#ntHash = copyOfHash(hashes.ntHash)
  }

  /** Returns a copy of the LM hash. The caller is responsible for where it goes. */
  exposeSecretLmHash(): Uint8Array | undefined {
    return this.#exposed(this.#lmHash)
  }

  /** Returns a copy of the NT hash. The caller is responsible for where it goes. */
  exposeSecretNtHash(): Uint8Array | undefined {
    return this.#exposed(this.#ntHash)
  }

  /** Overwrites the hashes with zeros. They cannot be used any more. */
  wipe(): void {
    this.#wiped = true
    this.#lmHash?.fill(0)
    this.#ntHash?.fill(0)
  }

  #exposed(hash: Uint8Array | undefined): Uint8Array | undefined {
    if (this.#wiped) throw new ConfigurationError('the credential has been wiped', { code: 'KRB5_KEY_WIPED' })
    return hash?.slice()
  }
}

/**
 * Reads the credential for the package `NTLM`; returns undefined if it is for another package.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeNtlmCredential, type SupplementalCredential } from '@s4u/krb5'
 *
 * export const ntHashOf = (credential: SupplementalCredential) =>
 *   decodeNtlmCredential(credential)?.exposeSecretNtHash()
 * ```
 */
export function decodeNtlmCredential(credential: SupplementalCredential): NtlmCredential | undefined {
  if (credential.packageName !== NTLM) return undefined
  const octets = credential.exposeSecretBytes()
  try {
    const reader = new ByteReader(octets, 'NTLM_SUPPLEMENTAL_CREDENTIAL')
    const version = reader.u32le('Version')
    if (version !== 0) reader.fail('Version', '0', String(version))
    const flags = reader.u32le('Flags')
    const lmHash = reader.bytes(HASH_LENGTH, 'LmPassword')
    const ntHash = reader.bytes(HASH_LENGTH, 'NtPassword')
    reader.expectEnd()
    return new NtlmCredential({
      ...((flags & HAS_LM_HASH) !== 0 && { lmHash }),
      ...((flags & HAS_NT_HASH) !== 0 && { ntHash }),
    })
  } finally {
    octets.fill(0)
  }
}

/**
 * Returns the octets of NTLM_SUPPLEMENTAL_CREDENTIAL, as the credential for the package `NTLM`.
 *
 * @example
 * ```ts
 * import { encodeNtlmCredential, NtlmCredential } from '@s4u/krb5'
 *
 * encodeNtlmCredential(new NtlmCredential({ ntHash: new Uint8Array(16) }))
 * ```
 */
export function encodeNtlmCredential(credential: NtlmCredential): SupplementalCredential {
  const [lmHash, ntHash] = [credential.exposeSecretLmHash(), credential.exposeSecretNtHash()]
  const flags = (lmHash === undefined ? 0 : HAS_LM_HASH) | (ntHash === undefined ? 0 : HAS_NT_HASH)
  const octets = new ByteWriter(8 + 2 * HASH_LENGTH)
    .u32le(0)
    .u32le(flags)
    .bytes(lmHash ?? NO_HASH)
    .bytes(ntHash ?? NO_HASH)
    .toBytes()
  return new SupplementalCredential(NTLM, octets)
}

function copyOfHash(hash: Uint8Array | undefined): Uint8Array | undefined {
  if (hash !== undefined && hash.length !== HASH_LENGTH) {
    throw new ConfigurationError(`a hash of NTLM has ${HASH_LENGTH} octets, this one ${hash.length}`)
  }
  return hash && new Uint8Array(hash)
}

const NTLM = 'NTLM'
const HASH_LENGTH = 16
const NO_HASH = new Uint8Array(HASH_LENGTH)

/** Bits of Flags. MS-PAC section 2.6.4. */
const HAS_LM_HASH = 0x1
const HAS_NT_HASH = 0x2
