import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { isKnownPacBufferType, pacBufferTypeName } from './buffers/buffer-type.js'

/** One PAC_INFO_BUFFER and its data. MS-PAC section 2.4. */
export interface PacBuffer {
  /** A number of `PacBufferType`. Unknown types are kept. */
  readonly type: number
  /** The octets of the buffer, without the padding that follows them. */
  readonly data: Uint8Array
}

/** A buffer with its offset in the PAC, which signatures need. */
export interface PlacedBuffer extends PacBuffer {
  readonly offset: number
}

/**
 * Reads PACTYPE: the directory of buffers, and not their contents. The data are views on `bytes`.
 * MS-PAC section 2.3.
 *
 * @throws MalformedTokenError
 */
export function decodeContainer(bytes: Uint8Array): PlacedBuffer[] {
  const reader = new ByteReader(bytes, 'PAC')
  const count = readCount(reader)
  const buffers: PlacedBuffer[] = []
  for (let index = 0; index < count; index++) buffers.push(readBuffer(reader, bytes, index, count))
  refuseDuplicates(reader, buffers)
  refuseOverlaps(reader, buffers)
  return buffers
}

/**
 * Returns the octets of PACTYPE: the buffers in the given order, each at a multiple of 8 octets.
 */
export function encodeContainer(buffers: readonly PacBuffer[]): Uint8Array {
  const writer = new ByteWriter(1024).u32le(buffers.length).u32le(VERSION)
  let offset = HEADER_LENGTH + buffers.length * ENTRY_LENGTH
  for (const { type, data } of buffers) {
    writer.u32le(type).u32le(data.length).u64le(BigInt(offset))
    offset += Math.ceil(data.length / ALIGNMENT) * ALIGNMENT
  }
  for (const { data } of buffers) writer.bytes(data).align(ALIGNMENT)
  return writer.toBytes()
}

function readCount(reader: ByteReader): number {
  const count = reader.u32le('cBuffers')
  const version = reader.u32le('Version')
  if (version !== VERSION) reader.fail('Version', String(VERSION), String(version))
  if (count > MAX_BUFFERS) reader.fail('cBuffers', `at most ${MAX_BUFFERS} buffers`, String(count))
  // CVE-2022-42898: the product of count and length overflowed 32 bits. So it is compared before
  // any entry is read.
  reader.expectElements(count, ENTRY_LENGTH, 'Buffers')
  return count
}

function readBuffer(reader: ByteReader, bytes: Uint8Array, index: number, count: number): PlacedBuffer {
  const type = reader.u32le('ulType')
  const size = reader.u32le('cbBufferSize')
  const low = reader.u32le('Offset')
  const high = reader.u32le('Offset')
  const offset = high * 0x1_0000_0000 + low
  // Windows sends empty claims buffers. The offset of an empty buffer does not matter.
  if (size === 0) return { type, data: EMPTY, offset: 0 }

  const first = HEADER_LENGTH + count * ENTRY_LENGTH
  if (offset < first || offset > bytes.length || size > bytes.length - offset) {
    const expected = `${pacBufferTypeName(type)} between octets ${first} and ${bytes.length}`
    reader.fail(`Buffers[${index}]`, expected, `${size} octets at ${offset}`)
  }
  if (offset % ALIGNMENT !== 0) {
    reader.fail(`Buffers[${index}].Offset`, `a multiple of ${ALIGNMENT}`, String(offset))
  }
  return { type, data: bytes.subarray(offset, offset + size), offset }
}

/**
 * With two buffers of one type, one program would verify the first and another would believe the
 * second.
 */
function refuseDuplicates(reader: ByteReader, buffers: readonly PlacedBuffer[]): void {
  for (let index = 1; index < buffers.length; index++) {
    const { type } = buffers[index]
    if (isKnownPacBufferType(type) && buffers.findIndex((buffer) => buffer.type === type) < index) {
      reader.fail(`Buffers[${index}]`, `one ${pacBufferTypeName(type)}`, 'a second one')
    }
  }
}

/** An overlap would let a signature be zeroed out of the middle of what it signs. */
function refuseOverlaps(reader: ByteReader, buffers: readonly PlacedBuffer[]): void {
  const placed = buffers.filter(({ data }) => data.length > 0).sort((a, b) => a.offset - b.offset)
  for (let i = 1; i < placed.length; i++) {
    const before = placed[i - 1]
    const here = placed[i]
    if (here.offset < before.offset + before.data.length) {
      const expected = `${pacBufferTypeName(here.type)} behind ${pacBufferTypeName(before.type)}`
      reader.fail(`Buffers[${buffers.indexOf(here)}].Offset`, expected, `an overlap at ${here.offset}`)
    }
  }
}

const VERSION = 0
const HEADER_LENGTH = 8
const ENTRY_LENGTH = 16
const ALIGNMENT = 8
const EMPTY = new Uint8Array(0)

/**
 * The most buffers. MS-PAC knows 14 types, each of which occurs at most once; the rest is for types
 * to come.
 */
const MAX_BUFFERS = 64
