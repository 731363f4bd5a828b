import { primitives } from '#primitives'
import type { HashName } from '../primitives/primitives.js'
import type { Mac } from './simplified-profile.js'

/** HMAC (RFC 2104) under one key, which is copied. */
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

  /** The same where the result is a secret: filling it wipes it. */
  derive(data: Uint8Array): Uint8Array {
    return primitives.hmac(this.#hash, this.#key, data)
  }

  wipe(): void {
    this.#key.fill(0)
  }
}
