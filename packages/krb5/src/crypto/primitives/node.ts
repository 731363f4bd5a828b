import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  getCiphers,
  pbkdf2,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'
import type { Cipher, Decipher } from 'node:crypto'
import { camelliaCbc } from './camellia.js'
import { BLOCK, ZERO_IV, requireWholeBlocks } from './primitives.js'
import type { CbcCipher, Primitives } from './primitives.js'

/** The primitives of `node:crypto`: the only file of this package that imports anything of Node. */
export const primitives: Primitives = {
  digest: (hash, data) => plain(createHash(hash).update(data).digest()),
  hmac(hash, key, first, second) {
    const mac = createHmac(hash, key).update(first)
    if (second !== undefined) mac.update(second)
    return plain(mac.digest())
  },
  pbkdf2: (hash, password, salt, iterations, length) =>
    new Promise((resolve, reject) => {
      pbkdf2(password, salt, iterations, length, hash, (error, key) => (error ? reject(error) : resolve(plain(key))))
    }),
  randomBytes: (length) => randomFillSync(new Uint8Array(length)),
  sameOctets: (a, b) => timingSafeEqual(a, b),
  aesCbc: (key) => new NativeCbc(`aes-${key.length * 8}-cbc`, key),
  // BoringSSL (Electron) and FIPS providers come without Camellia.
  camelliaCbc: getCiphers().includes('camellia-256-cbc')
    ? (key) => new NativeCbc(`camellia-${key.length * 8}-cbc`, key)
    : camelliaCbc,
}

/**
 * CBC over native cipher objects that live as long as the key.
 *
 * Making such an object costs about as much as encrypting a ticket with it. So it is made once and never finished:
 * the chain simply runs on from message to message, and the first block of each is corrected by what the chain
 * carried over (the last ciphertext block) and by what it should have started from (the IV).
 */
class NativeCbc implements CbcCipher {
  readonly #algorithm: string
  readonly #key: Uint8Array
  readonly #sealed = new Uint8Array(BLOCK)
  readonly #opened = new Uint8Array(BLOCK)
  #cipher: Cipher | undefined
  #decipher: Decipher | undefined

  constructor(algorithm: string, key: Uint8Array) {
    this.#algorithm = algorithm
    this.#key = new Uint8Array(key)
  }

  encrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array {
    requireWholeBlocks(blocks)
    const cipher = (this.#cipher ??= this.#start(createCipheriv, this.#sealed))
    for (let i = 0; i < BLOCK; i++) blocks[i] ^= iv[i] ^ this.#sealed[i]
    const output = plain(cipher.update(blocks))
    carry(this.#sealed, output)
    return output
  }

  decrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array {
    requireWholeBlocks(blocks)
    const decipher = (this.#decipher ??= this.#start(createDecipheriv, this.#opened))
    const output = plain(decipher.update(blocks))
    for (let i = 0; i < BLOCK; i++) output[i] ^= iv[i] ^ this.#opened[i]
    carry(this.#opened, blocks)
    return output
  }

  wipe(): void {
    this.#key.fill(0)
    // What the last derivation left here is half of a derived key.
    this.#sealed.fill(0)
    this.#opened.fill(0)
    this.#cipher = undefined
    this.#decipher = undefined
  }

  #start<T extends Cipher | Decipher>(
    create: (algorithm: string, key: Uint8Array, iv: Uint8Array) => T,
    chain: Uint8Array,
  ): T {
    chain.fill(0)
    const cipher = create(this.#algorithm, this.#key, ZERO_IV)
    cipher.setAutoPadding(false)
    return cipher
  }
}

function carry(chain: Uint8Array, ciphertext: Uint8Array): void {
  const start = ciphertext.length - BLOCK
  for (let i = 0; i < BLOCK; i++) chain[i] = ciphertext[start + i]
}

/** A view of the same octets that is no Buffer: `slice` of a Buffer does not copy. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
