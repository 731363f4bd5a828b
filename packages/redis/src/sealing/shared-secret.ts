/**
 * Names that nobody can guess and values that nobody can read or make, for what would otherwise
 * lie open in Redis.
 */

import { ConfigurationError } from '@s4u/krb5'
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

/**
 * At least 32 random octets, the same ones in all instances: `openssl rand -base64 32`. A list
 * changes it while they run: the first one writes, all read.
 */
export type SharedSecret = Uint8Array | string | readonly (Uint8Array | string)[]

/** What one secret makes. */
export interface Seal {
  /** Returns a digest with a key: who does not have the key cannot try names. */
  nameOf(text: string): string
  /** Returns the text sealed for this name of a key: under another name it does not open. */
  seal(name: string, text: string): string
  /** Returns `undefined` for what was not sealed with this secret for this name. */
  open(name: string, sealed: string): string | undefined
}

/**
 * Returns a seal for each secret; the first one writes.
 *
 * @param store the name of the store, for the error and so that stores differ in their keys
 * @throws ConfigurationError for a secret that is not there or too short
 */
export function sealsOf(store: string, secret: unknown): readonly [Seal, ...Seal[]] {
  const [first, ...others]: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  return [sealOf(store, first), ...others.map((one) => sealOf(store, one))]
}

function sealOf(store: string, secret: unknown): Seal {
  const { names, values } = keysOf(store, secret)
  return {
    nameOf: (text) => createHmac('sha256', names).update(text).digest('base64url'),
    seal(name, text) {
      const nonce = randomBytes(NONCE)
      const cipher = createCipheriv('aes-256-gcm', values, nonce).setAAD(Buffer.from(name))
      const sealed = Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()])
      return sealed.toString('base64url')
    },
    open(name, sealed) {
      const octets = Buffer.from(sealed, 'base64url')
      // Node accepts tags of four octets, which can be guessed: NIST SP 800-38D, appendix C.
      if (octets.length < NONCE + TAG) return undefined
      const tag = octets.subarray(octets.length - TAG)
      const options = { authTagLength: TAG }
      const decipher = createDecipheriv('aes-256-gcm', values, octets.subarray(0, NONCE), options)
      decipher.setAAD(Buffer.from(name)).setAuthTag(tag)
      try {
        return decipher.update(octets.subarray(NONCE, octets.length - TAG), undefined, 'utf8') + decipher.final('utf8')
      } catch {
        return undefined
      }
    },
  }
}

function keysOf(store: string, secret: unknown): { readonly names: KeyObject; readonly values: KeyObject } {
  const octets = typeof secret === 'string' ? Buffer.from(secret) : secret
  // The secret is undefined at run time if an environment variable is not set.
  if (!(octets instanceof Uint8Array) || octets.length < MIN_SECRET)
    throw new ConfigurationError(`${store}: secret has less than ${MIN_SECRET} octets`, {
      hint: 'Draw it once (openssl rand -base64 32) and give the same one to all instances.',
    })
  const derive = (purpose: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', octets, new Uint8Array(0), `s4u ${store} ${purpose}`, 32)))
  return { names: derive('names'), values: derive('values') }
}

/** Octets of AES-256-GCM: NIST SP 800-38D, sections 5.2.1.1 and 5.2.1.2. */
const NONCE = 12
const TAG = 16
/** As long as the keys that are made of it. */
const MIN_SECRET = 32
