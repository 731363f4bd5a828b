/**
 * camellia128-cts-cmac and camellia256-cts-cmac (RFC 6803): the simplified profile of RFC 3961 with
 * Camellia in CTS mode, CMAC, and keys derived by the feedback KDF of NIST SP 800-108.
 */
import { primitives } from '#primitives'
import { Cmac } from '../algorithms/cmac.js'
import { joinOctets, uint32, utf8 } from '../algorithms/octets.js'
import { BLOCK } from '../primitives/primitives.js'
import { SimplifiedSpecificKey } from './simplified-profile.js'
import type { EncryptionType, ProtocolKey, SpecificKey } from './encryption-type.js'
import type { CbcCipher } from '../primitives/primitives.js'
import type { SimplifiedProfile } from './simplified-profile.js'

export const camellia128: EncryptionType = {
  ...camelliaType('camellia128-cts-cmac', 16),
  etype: 25,
  aliases: ['camellia128-cts'],
  checksumType: 17,
}

export const camellia256: EncryptionType = {
  ...camelliaType('camellia256-cts-cmac', 32),
  etype: 26,
  aliases: ['camellia256-cts'],
  checksumType: 18,
}

function camelliaType(name: string, keyLength: number): Omit<EncryptionType, 'etype' | 'aliases' | 'checksumType'> {
  return {
    name,
    weak: false,
    keyLength,
    confounderLength: BLOCK,
    checksumLength: BLOCK,
    // RFC 6803 section 4.
    defaultIterations: 32768,
    async stringToKey(password, salt, iterations) {
      const saltWithName = joinOctets(utf8(name), Uint8Array.of(0), salt)
      const seed = await primitives.pbkdf2('sha1', utf8(password), saltWithName, iterations, keyLength)
      const key = new CamelliaKey(seed)
      const derived = key.derive(utf8('kerberos'))
      key.wipe()
      seed.fill(0)
      return derived
    },
    protocolKey: (value) => new CamelliaKey(value),
  }
}

export class CamelliaKey implements ProtocolKey, SimplifiedProfile {
  readonly checksumLength = BLOCK
  readonly #keyLength: number
  readonly #base: Cmac

  constructor(value: Uint8Array) {
    this.#keyLength = value.length
    this.#base = this.mac(value)
  }

  specificKey(usage: number): SpecificKey {
    return new SimplifiedSpecificKey(this, usage)
  }

  /** Computes KDF-FEEDBACK-CMAC (RFC 6803 section 3). */
  derive(constant: Uint8Array): Uint8Array {
    const key = new Uint8Array(this.#keyLength)
    const suffix = joinOctets(constant, Uint8Array.of(0), uint32(this.#keyLength * 8))
    let block: Uint8Array = new Uint8Array(BLOCK)
    for (let at = 0; at < key.length; at += BLOCK) {
      block = this.#base.compute(joinOctets(block, uint32(at / BLOCK + 1), suffix))
      key.set(block, at)
    }
    return key
  }

  cipher(key: Uint8Array): CbcCipher {
    return primitives.camelliaCbc(key)
  }

  mac(key: Uint8Array): Cmac {
    return new Cmac(primitives.camelliaCbc(key))
  }

  /** RFC 6803 section 6. */
  prf(input: Uint8Array): Uint8Array {
    const key = this.derive(utf8('prf'))
    const mac = this.mac(key)
    const output = mac.compute(input)
    mac.wipe()
    key.fill(0)
    return output
  }

  wipe(): void {
    this.#base.wipe()
  }
}
