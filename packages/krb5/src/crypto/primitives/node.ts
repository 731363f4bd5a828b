import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  getCiphers,
  hash as digestOnce,
  pbkdf2,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'
import type { Cipher, Decipher, Hmac } from 'node:crypto'
import { camelliaCbc } from './camellia.js'
import { BLOCK, ZERO_IV, requireWholeBlocks } from './primitives.js'
import type { CbcCipher, HashName, Primitives } from './primitives.js'

/**
 * The primitives of `node:crypto`. This is the only file of the package that imports anything of
 * Node.
 */
export const primitives: Primitives = {
  digest: (hash, data) => octetsOf(digestOnce(hash, data, 'binary')),
  hmac: (hash, key, first, second) => plain(hmacOver(hash, key, first, second).digest()),
  mac: (hash, key, first, second) =>
    macInTwoDigests(hash, key, first, second) ?? octetsOf(hmacOver(hash, key, first, second).digest('binary')),
  pbkdf2: (hash, password, salt, iterations, length) =>
    new Promise((resolve, reject) => {
      pbkdf2(password, salt, iterations, length, hash, (error, key) => (error ? reject(error) : resolve(plain(key))))
    }),
  randomBytes,
  sameOctets: (a, b) => timingSafeEqual(a, b),
  aesCbc: (key) => new NativeCbc(`aes-${key.length * 8}-cbc`, key),
  // BoringSSL (Electron) and FIPS providers come without Camellia.
  camelliaCbc: getCiphers().includes('camellia-256-cbc')
    ? (key) => new NativeCbc(`camellia-${key.length * 8}-cbc`, key)
    : camelliaCbc,
}

/**
 * CBC with native cipher objects that live as long as the key.
 *
 * Making such an object costs about as much as encrypting a ticket with it. So it is made once and
 * never finished: the chain runs on from message to message, and the first block of each message is
 * corrected by what the chain carried over (the last ciphertext block) and by what it should have
 * started from (the IV).
 */
class NativeCbc implements CbcCipher {
  readonly #algorithm: string
  readonly #key: Uint8Array
  #sealing: Chain<Cipher> | undefined
  #opening: Chain<Decipher> | undefined

  constructor(algorithm: string, key: Uint8Array) {
    this.#algorithm = algorithm
    this.#key = new Uint8Array(key)
  }

  encrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array {
    requireWholeBlocks(blocks)
    const { cipher, last } = (this.#sealing ??= this.#start(createCipheriv))
    for (let i = 0; i < BLOCK; i++) blocks[i] ^= iv[i] ^ last[i]
    const output = plain(cipher.update(blocks))
    carry(last, output)
    return output
  }

  decrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array {
    requireWholeBlocks(blocks)
    const { cipher, last } = (this.#opening ??= this.#start(createDecipheriv))
    const output = plain(cipher.update(blocks))
    for (let i = 0; i < BLOCK; i++) output[i] ^= iv[i] ^ last[i]
    carry(last, blocks)
    return output
  }

  wipe(): void {
    this.#key.fill(0)
    // What the last derivation left here is half of a derived key.
    this.#sealing?.last.fill(0)
    this.#opening?.last.fill(0)
    this.#sealing = undefined
    this.#opening = undefined
  }

  #start<T extends Cipher | Decipher>(create: (algorithm: string, key: Uint8Array, iv: Uint8Array) => T): Chain<T> {
    const cipher = create(this.#algorithm, this.#key, ZERO_IV)
    cipher.setAutoPadding(false)
    return { cipher, last: new Uint8Array(BLOCK) }
  }
}

/** One direction of a key. Most keys are used in only one direction. */
interface Chain<T> {
  readonly cipher: T
  /** The ciphertext block to which the next one is chained. */
  readonly last: Uint8Array
}

function carry(last: Uint8Array, ciphertext: Uint8Array): void {
  const start = ciphertext.length - BLOCK
  for (let i = 0; i < BLOCK; i++) last[i] = ciphertext[start + i]
}

function hmacOver(hash: HashName, key: Uint8Array, first: Uint8Array, second?: Uint8Array): Hmac {
  const mac = createHmac(hash, key).update(first)
  return second === undefined ? mac : mac.update(second)
}

/** The octets that a hash takes at a time: B in RFC 2104 section 2. */
const HASHED_AT_ONCE: Readonly<Record<HashName, number>> = { md5: 64, sha1: 64, sha256: 64, sha384: 128, sha512: 128 }

/**
 * Enough for the key and the message of an authenticator. Longer messages go to an Hmac object, and
 * are not copied.
 */
const SCRATCH = 2_048
const scratch = new Uint8Array(SCRATCH)

/**
 * Computes H(K xor opad, H(K xor ipad, text)) as RFC 2104 section 2 writes it; returns undefined if
 * the message is too long. For messages as short as those of Kerberos, an Hmac object costs one and
 * a half to two times as much as both digests. The inner digest stays in memory as text: it is not
 * the MAC, and without the key nobody can make the MAC from it.
 */
function macInTwoDigests(
  hash: HashName,
  key: Uint8Array,
  first: Uint8Array,
  second?: Uint8Array,
): Uint8Array | undefined {
  const block = HASHED_AT_ONCE[hash]
  const length = block + first.length + (second?.length ?? 0)
  if (key.length > block || length > SCRATCH) return undefined
  try {
    for (let i = 0; i < block; i++) scratch[i] = (i < key.length ? key[i] : 0) ^ IPAD
    scratch.set(first, block)
    if (second !== undefined) scratch.set(second, block + first.length)
    const inner = digestOnce(hash, scratch.subarray(0, length), 'binary')
    for (let i = 0; i < block; i++) scratch[i] ^= IPAD ^ OPAD
    for (let i = 0; i < inner.length; i++) scratch[block + i] = inner.charCodeAt(i)
    return octetsOf(digestOnce(hash, scratch.subarray(0, block + inner.length), 'binary'))
  } finally {
    // The buffer contained the key, and often another key in the message.
    scratch.fill(0)
  }
}

const IPAD = 0x36
const OPAD = 0x5c

/**
 * Returns the octets of a digest that came as text. Every Buffer has memory outside of the heap,
 * which costs more than hashing a message; so short digests are fetched as text.
 */
function octetsOf(latin1: string): Uint8Array {
  const octets = new Uint8Array(latin1.length)
  for (let i = 0; i < octets.length; i++) octets[i] = latin1.charCodeAt(i)
  return octets
}

/** Returns a view of the same octets that is not a Buffer: `slice` of a Buffer does not copy. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

/**
 * Confounders, keys and sequence numbers are short. A call for one of them costs as much as a call
 * for so many octets.
 */
const POOL = 4096
const pool = new Uint8Array(POOL)
let handedOut = POOL

/**
 * Returns random octets from a pool. Octets are erased from the pool when they are handed out, so
 * that the pool never contains anything that is in use.
 */
function randomBytes(length: number): Uint8Array {
  if (length > POOL / 8) return randomFillSync(new Uint8Array(length))
  if (handedOut + length > POOL) {
    randomFillSync(pool)
    handedOut = 0
  }
  const octets = pool.slice(handedOut, handedOut + length)
  pool.fill(0, handedOut, handedOut + length)
  handedOut += length
  return octets
}
