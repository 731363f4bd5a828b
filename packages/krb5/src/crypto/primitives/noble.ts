import { cbc } from '@noble/ciphers/aes.js'
import { hmac } from '@noble/hashes/hmac.js'
import { md5, sha1 } from '@noble/hashes/legacy.js'
import { pbkdf2Async } from '@noble/hashes/pbkdf2.js'
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from '@noble/hashes/sha2.js'
import { sha3_224, sha3_256, sha3_384, sha3_512 } from '@noble/hashes/sha3.js'
import { camelliaCbc } from './camellia.js'
import { requireWholeBlocks } from './primitives.js'
import type { HashName, Primitives } from './primitives.js'

const hashes = { md5, sha1, sha256, sha384, sha512 }
const digests = {
  ...hashes,
  sha224,
  'sha512-224': sha512_224,
  'sha512-256': sha512_256,
  'sha3-224': sha3_224,
  'sha3-256': sha3_256,
  'sha3-384': sha3_384,
  'sha3-512': sha3_512,
}

function hmacOver(hash: HashName, key: Uint8Array, first: Uint8Array, second?: Uint8Array): Uint8Array {
  const mac = hmac.create(hashes[hash], key).update(first)
  if (second !== undefined) mac.update(second)
  return mac.digest()
}

/** The portable primitives: those of @noble, and `crypto.getRandomValues` of the platform. */
export const primitives: Primitives = {
  digest: (hash, data) => digests[hash](data),
  hmac: hmacOver,
  mac: hmacOver,
  pbkdf2: (hash, password, salt, iterations, length) =>
    pbkdf2Async(hashes[hash], password, salt, { c: iterations, dkLen: length }),
  randomBytes(length) {
    return globalThis.crypto.getRandomValues(new Uint8Array(length))
  },
  sameOctets(a, b) {
    let difference = 0
    for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i]
    return difference === 0
  },
  aesCbc(key) {
    const copy = new Uint8Array(key)
    return {
      encrypt(iv, blocks) {
        requireWholeBlocks(blocks)
        return cbc(copy, iv, { disablePadding: true }).encrypt(blocks)
      },
      decrypt(iv, blocks) {
        requireWholeBlocks(blocks)
        return cbc(copy, iv, { disablePadding: true }).decrypt(blocks)
      },
      wipe() {
        copy.fill(0)
      },
    }
  },
  camelliaCbc,
}
