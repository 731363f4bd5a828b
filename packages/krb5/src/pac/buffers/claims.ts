import type { CountedPointer } from '../encoding/ndr-reader.js'
import { NdrReader } from '../encoding/ndr-reader.js'
import { NdrWriter } from '../encoding/ndr-writer.js'
import { decompressXpressHuffman } from '../encoding/xpress-huffman.js'

/** CLAIMS_ARRAY: the claims of one source. MS-ADTS section 2.2.18.6. */
export interface ClaimsArray {
  /** A number of `ClaimsSource`. */
  readonly source: number
  readonly claims: readonly Claim[]
}

/**
 * CLAIM_ENTRY: something that the directory states about a user or a device. MS-ADTS section
 * 2.2.18.5.
 */
export type Claim =
  | { readonly id: string; readonly type: 'int64'; readonly values: readonly bigint[] }
  | { readonly id: string; readonly type: 'uint64'; readonly values: readonly bigint[] }
  | { readonly id: string; readonly type: 'string'; readonly values: readonly string[] }
  | { readonly id: string; readonly type: 'boolean'; readonly values: readonly boolean[] }

export const ClaimsSource = { ACTIVE_DIRECTORY: 1, CERTIFICATE: 2 } as const

/**
 * Reads CLAIMS_SET_METADATA and the claims in it, compressed or not. An empty buffer has no claims.
 * MS-PAC sections 2.11 and 2.13.
 *
 * @throws MalformedTokenError
 */
export function decodeClaims(bytes: Uint8Array, path = 'PAC.CLIENT_CLAIMS'): ClaimsArray[] {
  if (bytes.length === 0) return []
  const metadata = NdrReader.decode(bytes, path, readMetadata)
  const claimsPath = `${path}.ClaimsSet`
  const set =
    metadata.format === COMPRESSION_NONE
      ? metadata.claimsSet
      : decompressXpressHuffman(metadata.claimsSet, metadata.uncompressedSize, MAX_CLAIMS_LENGTH, claimsPath)
  return NdrReader.decode(set, claimsPath, readClaimsSet)
}

/**
 * Returns the octets of claims. They are never compressed; Windows does not compress small sets
 * either.
 */
export function encodeClaims(arrays: readonly ClaimsArray[]): Uint8Array {
  const set = NdrWriter.encode((ndr) => writeClaimsSet(ndr, arrays))
  return NdrWriter.encode((ndr) => {
    ndr.u32(set.length).pointer(true).u16(COMPRESSION_NONE).u32(set.length)
    ndr.u16(0).u32(0).pointer(false)
    ndr.u32(set.length).bytes(set)
  })
}

interface Metadata {
  readonly claimsSet: Uint8Array
  readonly format: number
  readonly uncompressedSize: number
}

/** Reads CLAIMS_SET_METADATA. MS-ADTS section 2.2.18.8. */
function readMetadata(ndr: NdrReader): Metadata {
  const { count } = expectPresent(ndr, 'ClaimsSet')
  const format = ndr.u16('usCompressionFormat')
  if (format !== COMPRESSION_NONE && format !== COMPRESSION_XPRESS_HUFFMAN) {
    ndr.fail('usCompressionFormat', `${COMPRESSION_NONE} or ${COMPRESSION_XPRESS_HUFFMAN}`, String(format))
  }
  const uncompressedSize = ndr.u32('ulUncompressedClaimsSetSize')
  const reserved = readReservedHead(ndr)
  ndr.conformance(count, 1, 'ClaimsSet')
  const claimsSet = ndr.bytes(count, 'ClaimsSet')
  readReserved(ndr, reserved)
  return { claimsSet, format, uncompressedSize }
}

/** Reads CLAIMS_SET. MS-ADTS section 2.2.18.7. */
function readClaimsSet(ndr: NdrReader): ClaimsArray[] {
  const arrays = ndr.countedPointer('ClaimsArrays')
  const reserved = readReservedHead(ndr)
  const result = arrays.present ? readClaimsArrays(ndr, arrays.count) : []
  readReserved(ndr, reserved)
  return result
}

function readClaimsArrays(ndr: NdrReader, count: number): ClaimsArray[] {
  ndr.conformance(count, 12, 'ClaimsArrays')
  atMost(ndr, 'ClaimsArrays', count, MAX_ARRAYS)
  const heads = []
  for (let i = 0; i < count; i++) {
    heads.push({ source: ndr.u16('usClaimsSourceType'), ...ndr.countedPointer(`ClaimsArrays[${i}].ClaimEntries`) })
  }
  atMost(
    ndr,
    'ClaimsArrays',
    heads.reduce((sum, head) => sum + head.count, 0),
    MAX_CLAIMS,
  )
  return heads.map((head, i) => ({
    source: head.source,
    claims: head.present ? readClaims(ndr, head.count, `ClaimsArrays[${i}].ClaimEntries`) : [],
  }))
}

function readClaims(ndr: NdrReader, count: number, field: string): Claim[] {
  ndr.conformance(count, 16, field)
  const heads: ClaimHead[] = []
  for (let i = 0; i < count; i++) heads.push(readClaimHead(ndr, `${field}[${i}]`))
  atMost(
    ndr,
    field,
    heads.reduce((sum, head) => sum + head.count, 0),
    MAX_VALUES,
  )
  return heads.map((head, i) => readClaim(ndr, head, `${field}[${i}]`))
}

interface ClaimHead extends CountedPointer {
  readonly type: number
}

function readClaimHead(ndr: NdrReader, field: string): ClaimHead {
  if (!ndr.pointer(`${field}.Id`)) ndr.fail(`${field}.Id`, 'a string', 'a null pointer')
  const type = ndr.u16(`${field}.Type`)
  const tag = ndr.u16(`${field}.Values`)
  if (tag !== type) ndr.fail(`${field}.Values`, `the union for type ${type}`, String(tag))
  return { type, ...ndr.countedPointer(`${field}.Values`) }
}

function readClaim(ndr: NdrReader, head: ClaimHead, field: string): Claim {
  const id = ndr.terminatedString(`${field}.Id`)
  const values = `${field}.Values`
  switch (head.type) {
    case CLAIM_TYPE_INT64:
      return { id, type: 'int64', values: readElements(ndr, head, 8, values, () => ndr.i64(values)) }
    case CLAIM_TYPE_UINT64:
      return { id, type: 'uint64', values: readElements(ndr, head, 8, values, () => ndr.u64(values)) }
    case CLAIM_TYPE_BOOLEAN:
      return { id, type: 'boolean', values: readElements(ndr, head, 8, values, () => ndr.u64(values) !== 0n) }
    case CLAIM_TYPE_STRING:
      return { id, type: 'string', values: readStrings(ndr, head, values) }
    default:
      return ndr.fail(`${field}.Type`, 'claim type 1, 2, 3 or 6', String(head.type))
  }
}

function readStrings(ndr: NdrReader, head: ClaimHead, field: string): string[] {
  const pointers = readElements(ndr, head, 4, field, () => ndr.pointer(field))
  return pointers.map((present, i) => {
    if (!present) ndr.fail(`${field}[${i}]`, 'a string', 'a null pointer')
    return ndr.terminatedString(`${field}[${i}]`)
  })
}

function readElements<T>(ndr: NdrReader, head: ClaimHead, size: number, field: string, read: () => T): T[] {
  const elements: T[] = []
  if (!head.present) return elements
  ndr.conformance(head.count, size, field)
  for (let i = 0; i < head.count; i++) elements.push(read())
  return elements
}

function expectPresent(ndr: NdrReader, field: string): CountedPointer {
  const array = ndr.countedPointer(field)
  if (!array.present) ndr.fail(field, 'claims', 'a null pointer')
  return array
}

/** Skips usReservedType, ulReservedFieldSize and ReservedField. */
function readReservedHead(ndr: NdrReader): CountedPointer {
  ndr.u16('usReservedType')
  return ndr.countedPointer('ReservedField')
}

function readReserved(ndr: NdrReader, { count, present }: CountedPointer): void {
  if (!present) return
  ndr.conformance(count, 1, 'ReservedField')
  ndr.bytes(count, 'ReservedField')
}

function writeClaimsSet(ndr: NdrWriter, arrays: readonly ClaimsArray[]): void {
  ndr.countedPointer(arrays).u16(0).u32(0).pointer(false)
  if (arrays.length === 0) return
  ndr.u32(arrays.length)
  for (const { source, claims } of arrays) ndr.u16(source).countedPointer(claims)
  for (const { claims } of arrays) if (claims.length > 0) writeClaims(ndr, claims)
}

function writeClaims(ndr: NdrWriter, claims: readonly Claim[]): void {
  ndr.u32(claims.length)
  for (const { type, values } of claims) {
    ndr.pointer(true).u16(CLAIM_TYPES[type]).u16(CLAIM_TYPES[type]).countedPointer(values)
  }
  for (const claim of claims) {
    ndr.terminatedString(claim.id)
    if (claim.values.length > 0) writeValues(ndr, claim)
  }
}

function writeValues(ndr: NdrWriter, claim: Claim): void {
  ndr.u32(claim.values.length)
  if (claim.type === 'string') {
    for (const _value of claim.values) ndr.pointer(true)
    for (const value of claim.values) ndr.terminatedString(value)
  } else {
    for (const value of claim.values) ndr.u64(BigInt(value))
  }
}

/** MS-ADTS section 2.2.18.4. */
const COMPRESSION_NONE = 0
const COMPRESSION_XPRESS_HUFFMAN = 4

/** MS-ADTS section 2.2.18.2. */
const CLAIM_TYPE_INT64 = 1
const CLAIM_TYPE_UINT64 = 2
const CLAIM_TYPE_STRING = 3
const CLAIM_TYPE_BOOLEAN = 6
const CLAIM_TYPES = {
  int64: CLAIM_TYPE_INT64,
  uint64: CLAIM_TYPE_UINT64,
  string: CLAIM_TYPE_STRING,
  boolean: CLAIM_TYPE_BOOLEAN,
} as const

function atMost(ndr: NdrReader, field: string, count: number, limit: number): void {
  if (count > limit) ndr.fail(field, `at most ${limit} elements`, String(count))
}

/** The most sources of claims; there are two. */
const MAX_ARRAYS = 16

/**
 * The most claims of all sources together. A forest has some dozens of types; each claim takes a
 * few octets on the wire and hundreds in memory.
 */
const MAX_CLAIMS = 512

/** The most values of all claims of a source: more than any directory stores. */
const MAX_VALUES = 4_096

/**
 * The most octets of claims after decompression. Windows limits a whole token to 65,535 octets
 * (MaxTokenSize), and claims in UTF-16 compress about four times. Without a limit, a few hostile
 * octets could say "repeat this 4 GiB".
 */
const MAX_CLAIMS_LENGTH = 0x4_0000
