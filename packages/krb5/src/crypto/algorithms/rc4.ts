/**
 * Applies the RC4 stream cipher, which encrypts and decrypts in the same way (RFC 6229 has
 * vectors). It is here because neither @noble/ciphers nor the default provider of OpenSSL 3 has it.
 * RFC 7465 prohibits it for TLS, and RFC 8429 deprecates it for Kerberos.
 *
 * @example
 * ```ts
 * import { rc4 } from '@s4u/krb5'
 *
 * // RFC 6229 section 2: the first octets of the key stream for the key 01 02 03 04 05.
 * const stream = rc4(Uint8Array.of(1, 2, 3, 4, 5), new Uint8Array(4))
 * console.log(Buffer.from(stream).toString('hex')) // b2396305
 * ```
 */
export function rc4(key: Uint8Array, data: Uint8Array): Uint8Array {
  const state = schedule(key)
  const output = new Uint8Array(data.length)
  let i = 0
  let j = 0
  for (let at = 0; at < data.length; at++) {
    i = (i + 1) & 255
    const x = state[i]
    j = (j + x) & 255
    const y = state[j]
    state[i] = y
    state[j] = x
    output[at] = data[at] ^ state[(x + y) & 255]
  }
  state.fill(0)
  return output
}

function schedule(key: Uint8Array): Uint8Array {
  const state = Uint8Array.from({ length: 256 }, (_, i) => i)
  let j = 0
  for (let i = 0; i < 256; i++) {
    const x = state[i]
    j = (j + x + key[i % key.length]) & 255
    state[i] = state[j]
    state[j] = x
  }
  return state
}
