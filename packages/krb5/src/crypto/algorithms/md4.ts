/**
 * Computes MD4 (RFC 1320). MD4 is broken as a hash. It is here because an rc4-hmac key is the MD4
 * of a password (RFC 4757 section 2), and because neither @noble/hashes nor the default provider of
 * OpenSSL 3 has it.
 */
export function md4(data: Uint8Array): Uint8Array {
  const message = padToWholeChunks(data)
  const words = new DataView(message.buffer)
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
  const chunk = new Uint32Array(16)
  for (let at = 0; at < message.length; at += CHUNK) {
    for (let i = 0; i < 16; i++) chunk[i] = words.getUint32(at + 4 * i, true)
    compress(state, chunk)
  }
  chunk.fill(0)
  message.fill(0)
  const digest = new DataView(new ArrayBuffer(16))
  state.forEach((word, i) => digest.setUint32(4 * i, word, true))
  return new Uint8Array(digest.buffer)
}

const CHUNK = 64

/** RFC 1320 sections 3.1 and 3.2: appends a one bit, zeros, and the length in bits. */
function padToWholeChunks(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(Math.ceil((data.length + 9) / CHUNK) * CHUNK)
  message.set(data)
  message[data.length] = 0x80
  const view = new DataView(message.buffer)
  view.setUint32(message.length - 8, data.length << 3, true)
  view.setUint32(message.length - 4, Math.floor(data.length / 0x20000000), true)
  return message
}

interface Round {
  readonly mix: (x: number, y: number, z: number) => number
  readonly add: number
  readonly order: readonly number[]
  readonly shifts: readonly number[]
}

/**
 * RFC 1320 section 3.4: F, G and H, the constant that each round adds, the order in which it takes
 * the words, and how far it rotates.
 */
const ROUNDS: readonly Round[] = [
  {
    mix: (x, y, z) => (x & y) | (~x & z),
    add: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
    add: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mix: (x, y, z) => x ^ y ^ z,
    add: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
]

function compress(state: number[], chunk: Uint32Array): void {
  let [a, b, c, d] = state
  for (const { mix, add, order, shifts } of ROUNDS) {
    for (let i = 0; i < 16; i++) {
      const sum = (a + mix(b, c, d) + chunk[order[i]] + add) | 0
      const shift = shifts[i % 4]
      ;[a, b, c, d] = [d, (sum << shift) | (sum >>> (32 - shift)), b, c]
    }
  }
  state[0] = (state[0] + a) | 0
  state[1] = (state[1] + b) | 0
  state[2] = (state[2] + c) | 0
  state[3] = (state[3] + d) | 0
}
