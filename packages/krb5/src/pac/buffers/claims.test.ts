import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../../errors/errors.js'
import type { ClaimsArray } from './claims.js'
import { decodeClaims, encodeClaims } from './claims.js'
import { decompressXpressHuffman } from '../encoding/xpress-huffman.js'

interface ClaimsVector {
  name: string
  data: string
  claims: { id: string; type: string; values: (string | boolean)[] }[] | string
}

interface CompressionVector {
  name: string
  compressed: string
  length: number
  sha256: string
}

const read = (file: string) =>
  JSON.parse(readFileSync(new URL(`../../../../../test/vectors/pac/${file}`, import.meta.url), 'utf8'))
const claimsVectors: ClaimsVector[] = read('claims.json').vectors
const compressionVectors: CompressionVector[] = read('xpress-huffman.json').vectors
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

const every: ClaimsArray[] = [
  {
    source: 1,
    claims: [
      { id: 'ad://ext/a', type: 'int64', values: [-(2n ** 63n), 0n, 2n ** 63n - 1n] },
      { id: 'ad://ext/b', type: 'uint64', values: [2n ** 64n - 1n] },
      { id: 'ad://ext/c', type: 'string', values: ['', 'zoë', '\ud800'] },
      { id: 'ad://ext/d', type: 'boolean', values: [true, false] },
      { id: 'none', type: 'string', values: [] },
    ],
  },
  { source: 2, claims: [] },
]

describe('claims', () => {
  test.each(claimsVectors.filter(({ claims }) => typeof claims !== 'string'))('of the vector "$name"', (vector) => {
    const [array, ...others] = decodeClaims(hex(vector.data))
    expect(others).toEqual([])
    expect(array.source).toBe(1)
    const claims = array.claims.map((claim) => ({
      ...claim,
      values: claim.values.map((value) => (typeof value === 'bigint' ? String(value) : value)),
    }))
    expect(claims).toEqual(vector.claims)
  })

  test('of a Windows Server 2022, compressed', () => {
    const vector = claimsVectors.find(({ name }) => name === 'Windows, compressed')!
    const [{ claims }] = decodeClaims(hex(vector.data))
    expect(claims.map(({ id }) => id)).toEqual(['720fd3c3_4', '720fd3c3_0', '720fd3c3_1', '720fd3c3_2', '720fd3c3_3'])
    const long = String(claims[1].values[3])
    const sentence = 'A very long attribute value to ensure that this claim will be compressed. '
    expect(long.startsWith(sentence + sentence)).toBe(true)
    expect(claims[2].values).toContain('CN=Computers,DC=win22,DC=example,DC=com')
  })

  test.each([[every], [[]]])('survive encoding', (arrays) => {
    expect(decodeClaims(encodeClaims(arrays))).toEqual(arrays)
  })

  test('are none in an empty buffer', () => {
    expect(decodeClaims(new Uint8Array(0))).toEqual([])
  })

  test('of another compression format are refused', () => {
    const bytes = encodeClaims(every)
    bytes[16 + 4 + 8] = 2
    expect(() => decodeClaims(bytes)).toThrow('PAC.CLIENT_CLAIMS.usCompressionFormat: expected 0 or 4, found 2')
  })

  test('that claim to decompress to more than the limit are refused', () => {
    const bytes = hex(claimsVectors.find(({ name }) => name === 'Windows, compressed')!.data)
    new DataView(bytes.buffer).setUint32(16 + 16, 0x4_0001, true)
    expect(() => decodeClaims(bytes)).toThrow(
      'PAC.CLIENT_CLAIMS.ClaimsSet: expected at most 262144 octets uncompressed, found 262145',
    )
  })

  const values = (count: number): ClaimsArray['claims'] => [
    { id: 'a', type: 'int64', values: Array.from({ length: count }, () => 1n) },
  ]
  const claims = (count: number): ClaimsArray['claims'] =>
    Array.from({ length: count }, (_, at) => ({ id: `c${at}`, type: 'boolean', values: [true] }))

  test.each([
    ['values of a directory', [{ source: 1, claims: values(4_096) }]],
    [
      'claims of a forest',
      [
        { source: 1, claims: claims(400) },
        { source: 2, claims: claims(112) },
      ],
    ],
  ])('are read up to what %s are', (_what, arrays) => {
    expect(decodeClaims(encodeClaims(arrays))).toEqual(arrays)
  })

  /** Each claim takes a few octets on the wire, fewer if compressed, and hundreds in memory. */
  test.each([
    ['values', [{ source: 1, claims: values(4_097) }]],
    ['values of several claims', [{ source: 1, claims: [...values(4_000), ...values(97)] }]],
    ['claims', [{ source: 1, claims: claims(513) }]],
    [
      'claims of several sources',
      [
        { source: 1, claims: claims(400) },
        { source: 2, claims: claims(113) },
      ],
    ],
    ['sources', Array.from({ length: 17 }, () => ({ source: 1, claims: [] }))],
  ])('with more %s than any directory has are refused', (_what, arrays) => {
    expect(() => decodeClaims(encodeClaims(arrays))).toThrow(MalformedTokenError)
  })

  test('are refused with the path of the claim', () => {
    const bytes = encodeClaims(every)
    const at = Buffer.from(bytes).indexOf(Buffer.from('06000600', 'hex'))
    bytes[at + 2] = 3
    expect(() => decodeClaims(bytes)).toThrow(
      'PAC.CLIENT_CLAIMS.ClaimsSet.ClaimsArrays[0].ClaimEntries[3].Values: expected the union for type 6, found 3',
    )
  })
})

describe('XPRESS Huffman', () => {
  const decompress = (input: Uint8Array, length: number) => decompressXpressHuffman(input, length, 0x4_0000, 'X')

  test.each(compressionVectors)('decompresses $name', ({ compressed, length, sha256 }) => {
    const plain = decompress(hex(compressed), length)
    expect(createHash('sha256').update(plain).digest('hex')).toBe(sha256)
  })

  test('does not allocate what is claimed, nor goes on for more than is there', () => {
    const zeros = hex(compressionVectors.find(({ name }) => name === '64k-zeros')!.compressed)
    expect(() => decompress(zeros, 0x4_0000)).toThrow(MalformedTokenError)
    expect(() => decompress(zeros, 100)).toThrow('X: expected 100 octets uncompressed, found more')
    expect(() => decompressXpressHuffman(zeros, 0x1_0000, 0xffff, 'X')).toThrow(
      'X: expected at most 65535 octets uncompressed, found 65536',
    )
    expect(decompressXpressHuffman(zeros, 0x1_0000, 0x1_0000, 'X')).toEqual(new Uint8Array(0x1_0000))
  })

  test.each([
    ['an empty input', new Uint8Array(0), '256 octets, found 0 octets'],
    ['half a table', new Uint8Array(255), '256 octets, found 255 octets'],
    ['a table without codes', new Uint8Array(300), 'a complete prefix code, found codes for 0 of 32768 bit patterns'],
    [
      'a table with too many codes',
      new Uint8Array(300).fill(0x11),
      'code lengths that fit into 15 bits, found too many short ones',
    ],
    [
      'a table with one code too few',
      Uint8Array.of(1, ...new Uint8Array(299)),
      'a complete prefix code, found codes for 16384 of 32768 bit patterns',
    ],
    [
      'a table and nothing else',
      hex(compressionVectors[0].compressed).subarray(0, 256),
      'more compressed data, found its end',
    ],
  ])('refuses %s', (_what, input, message) => {
    expect(() => decompress(input, 100)).toThrow(MalformedTokenError)
    expect(() => decompress(input, 100)).toThrow(`X: expected ${message}`)
  })

  test('refuses a match that reaches back before the beginning', () => {
    const input = new Uint8Array(264)
    input[128] = 0x11 // the symbols 256 and 257, distance 1 and length 3 or 4, one bit each
    expect(() => decompress(input, 100)).toThrow('X: expected a match at most 0 octets back, found 1')
  })
})
