/**
 * Applies the RC4 stream cipher, which encrypts and decrypts in the same way (RFC 6229 has
 * vectors). It is here because neither @noble/ciphers nor the default provider of OpenSSL 3 has it.
 * RFC 7465 prohibits it for TLS, and RFC 8429 deprecates it for Kerberos.
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
