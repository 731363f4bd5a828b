import { primitives } from '#primitives'
import type { HashName } from '../primitives/primitives.js'
import type { Mac } from './simplified-profile.js'

/** Computes HMAC (RFC 2104) under one key. The key is copied. */
export class HmacKey implements Mac {
  readonly #hash: HashName
  readonly #key: Uint8Array

  constructor(hash: HashName, key: Uint8Array) {
    this.#hash = hash
    this.#key = new Uint8Array(key)
  }

  compute(data: Uint8Array, more?: Uint8Array): Uint8Array {
    return primitives.mac(this.#hash, this.#key, data, more)
  }

  /**
   * Computes the same where the result is a secret: filling the returned array with zeros wipes it.
   */
  derive(data: Uint8Array): Uint8Array {
    return primitives.hmac(this.#hash, this.#key, data)
  }

  wipe(): void {
    this.#key.fill(0)
  }
}
