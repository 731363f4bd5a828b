/**
 * rc4-hmac (RFC 4757): the encryption type of Windows 2000, which old domains still use. It is
 * weak: its keys are MD4 digests of passwords without a salt, and RFC 8429 deprecates it. Nothing
 * offers or accepts it unless a configuration names it.
 */
import { primitives } from '#primitives'
import { requireSameChecksum } from '../algorithms/constant-time.js'
import { badIntegrity } from './encryption-type.js'
import { HMAC_MD5_CHECKSUM, HMAC_MD5_LENGTH, hmacMd5, rc4MessageType } from './rc4-checksum.js'
import { md4 } from '../algorithms/md4.js'
import { joinOctets } from '../algorithms/octets.js'
import { rc4 } from '../algorithms/rc4.js'
import type { EncryptionType, ProtocolKey, SpecificKey } from './encryption-type.js'

const KEY_LENGTH = 16
const CONFOUNDER_LENGTH = 8

export const rc4Hmac: EncryptionType = {
  etype: 23,
  name: 'rc4-hmac',
  aliases: ['arcfour-hmac', 'arcfour-hmac-md5'],
  weak: true,
  keyLength: KEY_LENGTH,
  confounderLength: CONFOUNDER_LENGTH,
  checksumLength: HMAC_MD5_LENGTH,
  checksumType: HMAC_MD5_CHECKSUM,
  defaultIterations: undefined,
  /** RFC 4757 section 2: MD4 of the password in UTF-16; no salt, no iterations. */
  async stringToKey(password) {
    const encoded = utf16LittleEndian(password)
    const key = md4(encoded)
    encoded.fill(0)
    return key
  },
  protocolKey: (value) => new Rc4Key(value),
}

class Rc4Key implements ProtocolKey {
  readonly #value: Uint8Array

  constructor(value: Uint8Array) {
    this.#value = new Uint8Array(value)
  }

  specificKey(usage: number): SpecificKey {
    return new Rc4SpecificKey(this.#value, usage)
  }

  /**
   * RFC 6113 section 5.1 leaves the PRF of this type to the implementers, who agree on HMAC-SHA1.
   */
  prf(input: Uint8Array): Uint8Array {
    return primitives.hmac('sha1', this.#value, input)
  }

  wipe(): void {
    this.#value.fill(0)
  }
}

/**
 * RFC 4757 section 5, which has the names K1 and K3. K2 equals K1 for all but the export variant.
 */
class Rc4SpecificKey implements SpecificKey {
  readonly #value: Uint8Array
  readonly #usage: number
  readonly #k1: Uint8Array

  constructor(value: Uint8Array, usage: number) {
    this.#value = value
    this.#usage = usage
    this.#k1 = primitives.hmac('md5', value, rc4MessageType(usage))
  }

  seal(confounder: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const data = joinOctets(confounder, plaintext)
    const checksum = primitives.mac('md5', this.#k1, data)
    return joinOctets(checksum, this.#cipher(checksum, data))
  }

  open(ciphertext: Uint8Array): Uint8Array {
    if (ciphertext.length < HMAC_MD5_LENGTH + CONFOUNDER_LENGTH) throw badIntegrity()
    const checksum = ciphertext.subarray(0, HMAC_MD5_LENGTH)
    const data = this.#cipher(checksum, ciphertext.subarray(HMAC_MD5_LENGTH))
    requireSameChecksum(primitives.mac('md5', this.#k1, data), checksum, () => {
      data.fill(0)
      return badIntegrity()
    })
    return data.subarray(CONFOUNDER_LENGTH)
  }

  checksum(data: Uint8Array): Uint8Array {
    return hmacMd5(this.#value, this.#usage, data)
  }

  wipe(): void {
    this.#k1.fill(0)
  }

  #cipher(checksum: Uint8Array, data: Uint8Array): Uint8Array {
    const k3 = primitives.hmac('md5', this.#k1, checksum)
    const output = rc4(k3, data)
    k3.fill(0)
    return output
  }
}

function utf16LittleEndian(text: string): Uint8Array {
  const octets = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    octets[2 * i] = text.charCodeAt(i)
    octets[2 * i + 1] = text.charCodeAt(i) >> 8
  }
  return octets
}
