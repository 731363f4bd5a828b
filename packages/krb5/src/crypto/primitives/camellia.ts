/**
 * Camellia, the 128-bit block cipher of RFC 3713, in CBC mode: for platforms whose library does not
 * have it.
 *
 * Each 64-bit word is kept as two halves of 32 bits. The P-function (RFC 3713 section 2.4.1) is
 * folded into tables: each output of an S-box is already copied to every octet of the result to
 * which it contributes.
 */
import { BLOCK, requireWholeBlocks } from './primitives.js'
import { SBOX1 } from './camellia-sbox.js'
import type { CbcCipher } from './primitives.js'

export function camelliaCbc(key: Uint8Array): CbcCipher {
  const schedule = expandKey(key)
  const reversed = reverse(schedule)
  return {
    encrypt(iv, blocks) {
      requireWholeBlocks(blocks)
      const output = new Uint8Array(blocks.length)
      let previous = iv
      for (let at = 0; at < blocks.length; at += BLOCK) {
        const block = output.subarray(at, at + BLOCK)
        for (let i = 0; i < BLOCK; i++) block[i] = blocks[at + i] ^ previous[i]
        transform(schedule, block)
        previous = block
      }
      return output
    },
    decrypt(iv, blocks) {
      requireWholeBlocks(blocks)
      const output = new Uint8Array(blocks)
      let previous = iv
      for (let at = 0; at < blocks.length; at += BLOCK) {
        const block = output.subarray(at, at + BLOCK)
        transform(reversed, block)
        for (let i = 0; i < BLOCK; i++) block[i] ^= previous[i]
        previous = blocks.subarray(at, at + BLOCK)
      }
      return output
    },
    wipe() {
      for (const words of [schedule, reversed]) {
        words.whitening.fill(0)
        words.rounds.fill(0)
        words.layers.fill(0)
      }
    },
  }
}

/**
 * The subkeys of RFC 3713 section 2.2, each as two 32-bit words: kw1..kw4, k1..k18 (or k24),
 * ke1..ke4 (or ke6).
 */
interface Schedule {
  readonly whitening: Uint32Array
  readonly rounds: Uint32Array
  readonly layers: Uint32Array
}

/** Encrypts one block in place (RFC 3713 section 2.3); with the reversed schedule, decrypts it. */
function transform({ whitening: kw, rounds: k, layers: ke }: Schedule, block: Uint8Array): void {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK)
  const left = [view.getUint32(0) ^ kw[0], view.getUint32(4) ^ kw[1]]
  const right = [view.getUint32(8) ^ kw[2], view.getUint32(12) ^ kw[3]]
  for (let i = 0; i < k.length; i += 4) {
    // An FL layer stands after every six rounds.
    if (i > 0 && i % 12 === 0) layer(left, right, ke, i / 3 - 4)
    round(left, right, k[i], k[i + 1])
    round(right, left, k[i + 2], k[i + 3])
  }
  view.setUint32(0, right[0] ^ kw[4])
  view.setUint32(4, right[1] ^ kw[5])
  view.setUint32(8, left[0] ^ kw[6])
  view.setUint32(12, left[1] ^ kw[7])
}

/** Applies FL to the left half and its inverse to the right (RFC 3713 section 2.4.2 and 2.4.3). */
function layer(left: number[], right: number[], ke: Uint32Array, at: number): void {
  left[1] ^= rotateLeft1(left[0] & ke[at])
  left[0] ^= left[1] | ke[at + 1]
  right[0] ^= right[1] | ke[at + 3]
  right[1] ^= rotateLeft1(right[0] & ke[at + 2])
}

/** Computes target ^= F(source, key) (RFC 3713 section 2.4.1). */
function round(source: number[], target: number[], keyHigh: number, keyLow: number): void {
  const x = source[0] ^ keyHigh
  const y = source[1] ^ keyLow
  const [p, q, r, s] = [x >>> 24, 256 | ((x >>> 16) & 255), 512 | ((x >>> 8) & 255), 768 | (x & 255)]
  const [t, u, v, w] = [1024 | (y >>> 24), 1280 | ((y >>> 16) & 255), 1536 | ((y >>> 8) & 255), 1792 | (y & 255)]
  target[0] ^= HIGH[p] ^ HIGH[q] ^ HIGH[r] ^ HIGH[s] ^ HIGH[t] ^ HIGH[u] ^ HIGH[v] ^ HIGH[w]
  target[1] ^= LOW[p] ^ LOW[q] ^ LOW[r] ^ LOW[s] ^ LOW[t] ^ LOW[u] ^ LOW[v] ^ LOW[w]
}

const rotateLeft1 = (x: number): number => (x << 1) | (x >>> 31)
const rotateOctet = (x: number, by: number): number => ((x << by) | (x >>> (8 - by))) & 255

/**
 * For each of t1..t8: the S-box through which it goes, and the octets y1..y4 and y5..y8 to which it
 * is added.
 */
const SPREAD: readonly (readonly [(x: number) => number, number, number])[] = [
  [sbox1, 0xffffff00, 0xff0000ff],
  [sbox2, 0x00ffffff, 0xffff0000],
  [sbox3, 0xff00ffff, 0x00ffff00],
  [sbox4, 0xffff00ff, 0x0000ffff],
  [sbox2, 0x00ffffff, 0x00ffffff],
  [sbox3, 0xff00ffff, 0xff00ffff],
  [sbox4, 0xffff00ff, 0xffff00ff],
  [sbox1, 0xffffff00, 0xffffff00],
]

function sbox1(x: number): number {
  return SBOX1[x]
}

function sbox2(x: number): number {
  return rotateOctet(SBOX1[x], 1)
}

function sbox3(x: number): number {
  return rotateOctet(SBOX1[x], 7)
}

function sbox4(x: number): number {
  return SBOX1[rotateOctet(x, 1)]
}

const spread = (half: 1 | 2): Uint32Array =>
  Uint32Array.from({ length: 8 * 256 }, (_, i) => {
    const row = SPREAD[i >> 8]
    return (row[0](i & 255) * 0x01010101) & row[half]
  })

const HIGH = spread(1)
const LOW = spread(2)

/** RFC 3713 section 2.2: the six constants from which the schedule is computed. */
const SIGMA = [
  0xa09e667f3bcc908bn,
  0xb67ae8584caa73b2n,
  0xc6ef372fe94f82ben,
  0x54ff53a5f1d36f1cn,
  0x10e527fade682d1dn,
  0xb05688c2b3e6c1fdn,
]

type Source = 'KL' | 'KR' | 'KA' | 'KB'
/**
 * A 128-bit key word, how far it is rotated to the left, and which half of it is used (both if not
 * given).
 */
type Recipe = readonly (readonly [Source, number, ('high' | 'low')?])[]

const RECIPE_128: Record<keyof Schedule, Recipe> = {
  whitening: [
    ['KL', 0],
    ['KA', 111],
  ],
  rounds: [
    ['KA', 0],
    ['KL', 15],
    ['KA', 15],
    ['KL', 45],
    ['KA', 45, 'high'],
    ['KL', 60, 'low'],
    ['KA', 60],
    ['KL', 94],
    ['KA', 94],
    ['KL', 111],
  ],
  layers: [
    ['KA', 30],
    ['KL', 77],
  ],
}

const RECIPE_256: Record<keyof Schedule, Recipe> = {
  whitening: [
    ['KL', 0],
    ['KB', 111],
  ],
  rounds: [
    ['KB', 0],
    ['KR', 15],
    ['KA', 15],
    ['KB', 30],
    ['KL', 45],
    ['KA', 45],
    ['KR', 60],
    ['KB', 60],
    ['KL', 77],
    ['KR', 94],
    ['KA', 94],
    ['KL', 111],
  ],
  layers: [
    ['KR', 30],
    ['KL', 60],
    ['KA', 77],
  ],
}

/**
 * Computes the subkeys (RFC 3713 section 2.2). BigInt is slow, but this is done only once per key.
 */
function expandKey(key: Uint8Array): Schedule {
  if (key.length !== 16 && key.length !== 32) throw new RangeError('Camellia takes keys of 16 or 32 octets here')
  const KL = toBigInt(key.subarray(0, 16))
  const KR = key.length === 32 ? toBigInt(key.subarray(16)) : 0n
  const KA = stir(stir(KL ^ KR, SIGMA[0], SIGMA[1]) ^ KL, SIGMA[2], SIGMA[3])
  const KB = stir(KA ^ KR, SIGMA[4], SIGMA[5])
  const words = { KL, KR, KA, KB }
  const take = (recipe: Recipe): Uint32Array => Uint32Array.from(recipe.flatMap((line) => select(words, line)))
  const recipes = key.length === 16 ? RECIPE_128 : RECIPE_256
  return { whitening: take(recipes.whitening), rounds: take(recipes.rounds), layers: take(recipes.layers) }
}

function select(words: Record<Source, bigint>, [source, by, half]: Recipe[number]): number[] {
  const word = words[source]
  const rotated = BigInt.asUintN(128, (word << BigInt(by)) | (word >> BigInt(128 - by)))
  const all = [96n, 64n, 32n, 0n].map((shift) => Number(BigInt.asUintN(32, rotated >> shift)))
  return half === undefined ? all : half === 'high' ? all.slice(0, 2) : all.slice(2)
}

/** Applies two rounds under two of the constants. */
function stir(word: bigint, first: bigint, second: bigint): bigint {
  const halves = (x: bigint): [number, number] => [Number(BigInt.asUintN(32, x >> 32n)), Number(BigInt.asUintN(32, x))]
  const left: number[] = halves(word >> 64n)
  const right: number[] = halves(word)
  round(left, right, ...halves(first))
  round(right, left, ...halves(second))
  return [...left, ...right].reduce((sum, part) => (sum << 32n) | BigInt(part >>> 0), 0n)
}

const toBigInt = (octets: Uint8Array): bigint => octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n)

/**
 * Returns the schedule for decryption: the subkeys in the opposite order (RFC 3713 section 2.3.3).
 */
function reverse({ whitening: kw, rounds, layers }: Schedule): Schedule {
  return {
    whitening: Uint32Array.of(...kw.subarray(4), ...kw.subarray(0, 4)),
    rounds: reversePairs(rounds),
    layers: reversePairs(layers),
  }
}

const reversePairs = (words: Uint32Array): Uint32Array => words.map((_, i) => words[words.length - 2 - i + 2 * (i % 2)])
