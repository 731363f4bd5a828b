/**
 * aes128-cts-hmac-sha1-96 and aes256-cts-hmac-sha1-96 (RFC 3962): the simplified profile of RFC
 * 3961 with AES in CTS mode, HMAC-SHA1 cut to 96 bits, and keys derived by DK.
 */
import { primitives } from '#primitives'
import { HmacKey } from './hmac-key.js'
import { nFold } from '../algorithms/n-fold.js'
import { utf8 } from '../algorithms/octets.js'
import { BLOCK, ZERO_IV } from '../primitives/primitives.js'
import { SimplifiedSpecificKey } from './simplified-profile.js'
import type { EncryptionType, ProtocolKey, SpecificKey } from './encryption-type.js'
import type { CbcCipher } from '../primitives/primitives.js'
import type { Mac, SimplifiedProfile } from './simplified-profile.js'

/** The length of HMAC-SHA1-96. */
const CHECKSUM_LENGTH = 12

export const aes128Sha1: EncryptionType = {
  ...aesSha1Type(16),
  etype: 17,
  name: 'aes128-cts-hmac-sha1-96',
  aliases: ['aes128-cts', 'aes128-sha1'],
  checksumType: 15,
}

export const aes256Sha1: EncryptionType = {
  ...aesSha1Type(32),
  etype: 18,
  name: 'aes256-cts-hmac-sha1-96',
  aliases: ['aes256-cts', 'aes256-sha1'],
  checksumType: 16,
}

type Named = 'etype' | 'name' | 'aliases' | 'checksumType'

function aesSha1Type(keyLength: number): Omit<EncryptionType, Named> {
  return {
    weak: false,
    keyLength,
    confounderLength: BLOCK,
    checksumLength: CHECKSUM_LENGTH,
    coversMore: true,
    // RFC 3962 section 4.
    defaultIterations: 4096,
    async stringToKey(password, salt, iterations) {
      const seed = await primitives.pbkdf2('sha1', utf8(password), salt, iterations, keyLength)
      const key = new AesSha1Key(seed)
      const derived = key.derive(utf8('kerberos'))
      key.wipe()
      seed.fill(0)
      return derived
    },
    protocolKey: (value) => new AesSha1Key(value),
  }
}

export class AesSha1Key implements ProtocolKey, SimplifiedProfile {
  readonly checksumLength = CHECKSUM_LENGTH
  readonly #keyLength: number
  readonly #base: CbcCipher

  constructor(value: Uint8Array) {
    this.#keyLength = value.length
    this.#base = primitives.aesCbc(value)
  }

  specificKey(usage: number): SpecificKey {
    return new SimplifiedSpecificKey(this, usage)
  }

  /**
   * Computes DK (RFC 3961 section 5.1): each block is the encryption of the one before it, and the
   * first block the encryption of the folded constant. CBC over zeros does exactly this.
   */
  derive(constant: Uint8Array): Uint8Array {
    const blocks = new Uint8Array(this.#keyLength)
    blocks.set(folded(constant))
    const key = this.#base.encrypt(ZERO_IV, blocks)
    // `encrypt` has mixed the last block of its output before this one, a part of another derived
    // key, into these blocks.
    blocks.fill(0)
    return key
  }

  cipher(key: Uint8Array): CbcCipher {
    return primitives.aesCbc(key)
  }

  mac(key: Uint8Array): Mac {
    return new HmacKey('sha1', key)
  }

  /** RFC 3961 section 5.3: the hash, cut to whole blocks, encrypted under DK(key, "prf"). */
  prf(input: Uint8Array): Uint8Array {
    const key = this.derive(utf8('prf'))
    const cipher = this.cipher(key)
    const output = cipher.encrypt(ZERO_IV, primitives.digest('sha1', input).slice(0, BLOCK)).slice()
    cipher.wipe()
    key.fill(0)
    return output
  }

  wipe(): void {
    this.#base.wipe()
  }
}

/**
 * The constants are the same for every key, and folding one takes longer than encrypting it, so the
 * usual ones are kept. Every key usage number in use fits three times over.
 */
const MAX_FOLDED = 256
const foldedConstants = new Map<number, Uint8Array>()

function folded(constant: Uint8Array): Uint8Array {
  if (constant.length > MAX_NUMBERED) return nFold(constant, BLOCK)
  // The map has numbers as its keys, since a text would have to be made for each look-up. The
  // leading 1 tells constants apart that differ only in leading zeros.
  let name = 1
  for (let i = 0; i < constant.length; i++) name = name * 256 + constant[i]
  const known = foldedConstants.get(name)
  if (known !== undefined) return known
  const fold = nFold(constant, BLOCK)
  if (foldedConstants.size < MAX_FOLDED) foldedConstants.set(name, fold)
  return fold
}

/** The octets that a number holds exactly, behind the leading 1. Usage constants have five. */
const MAX_NUMBERED = 6
