import { createHmac, hkdfSync } from 'node:crypto'

/**
 * Returns what makes digests that nobody without the secret can make, or compare with guesses.
 *
 * @param label what is digested: digests of another label are others
 */
export function keyedDigest(secret: string | Uint8Array, label: string): (text: string) => Uint8Array {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', `s4u sign-in digest ${label}`, KEY_OCTETS))
  return (text) => new Uint8Array(createHmac('sha256', key).update(text).digest())
}

const KEY_OCTETS = 32
