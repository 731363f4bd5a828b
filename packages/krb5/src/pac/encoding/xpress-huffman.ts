import { MalformedTokenError } from '../../errors/errors.js'

/**
 * Decompresses LZ77+Huffman, which Microsoft calls "XPRESS Huffman". MS-XCA section 2.2.4.
 *
 * @param length the length of the result, which the format itself does not contain
 * @throws MalformedTokenError if the input is damaged, does not give exactly `length` octets, or
 * `length` is above `limit`
 */
export function decompressXpressHuffman(input: Uint8Array, length: number, limit: number, path: string): Uint8Array {
  if (length > limit) throw malformed(path, `at most ${limit} octets uncompressed`, String(length))
  const output = new Output(length, path)
  const bits = new BitStream(input, path)
  while (output.length < length) {
    const table = readDecodingTable(bits, path)
    bits.start()
    decodeBlock(bits, table, output, Math.min(length, output.length + BLOCK_LENGTH))
  }
  return output.toBytes()
}

/**
 * Decodes one block. A match may go beyond the end of its block; the table of the next block
 * follows then.
 */
function decodeBlock(bits: BitStream, table: Uint16Array, output: Output, end: number): void {
  while (output.length < end) {
    const entry = table[bits.peek15()]
    bits.consume(entry & 15)
    const symbol = entry >> 4
    if (symbol < LITERALS) {
      output.literal(symbol)
    } else {
      const matchLength = readMatchLength(bits, symbol & 15)
      const offsetBits = (symbol >> 4) & 15
      output.match((1 << offsetBits) + bits.take(offsetBits), matchLength)
    }
  }
}

/**
 * Reads the length of a match: the lower four bits of the symbol. If they are 15, the length
 * follows as octets in the bit stream.
 */
function readMatchLength(bits: BitStream, low: number): number {
  let length = low
  if (low === 15) {
    length = bits.octet()
    if (length < 255) {
      length += 15
    } else {
      length = bits.octet() | (bits.octet() << 8)
      if (length === 0)
        length = bits.octet() + bits.octet() * 0x100 + bits.octet() * 0x1_0000 + bits.octet() * 0x100_0000
      if (length < 15) throw malformed(bits.path, 'a match length of at least 15', String(length))
    }
  }
  return length + MINIMUM_MATCH
}

/**
 * Reads the 512 code lengths of 4 bits, and builds the table of MS-XCA section 2.2.4. It has an
 * entry for each pattern of 15 bits. The upper bits of an entry are the symbol whose code the
 * pattern begins with, the lower four bits the length of that code.
 */
function readDecodingTable(bits: BitStream, path: string): Uint16Array {
  const packed = bits.octets(SYMBOLS / 2)
  const lengths = new Uint8Array(SYMBOLS)
  for (let i = 0; i < packed.length; i++) {
    lengths[2 * i] = packed[i] & 15
    lengths[2 * i + 1] = packed[i] >> 4
  }
  const table = new Uint16Array(1 << MAX_CODE_LENGTH)
  let next = 0
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    const span = 1 << (MAX_CODE_LENGTH - length)
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      if (lengths[symbol] !== length) continue
      if (next + span > table.length) throw malformed(path, 'code lengths that fit into 15 bits', 'too many short ones')
      table.fill((symbol << 4) | length, next, next + span)
      next += span
    }
  }
  // Kraft's sum must be 1, so that any 15 bits have a meaning.
  if (next !== table.length)
    throw malformed(path, 'a complete prefix code', `codes for ${next} of ${table.length} bit patterns`)
  return table
}

/** Reads 16-bit little-endian words, from their upper bits down, with single octets in between. */
class BitStream {
  readonly path: string
  readonly #input: Uint8Array
  #position = 0
  #bits = 0
  /** The number of bits in `#bits` beyond the first 16. */
  #extra = 0
  #wordsPastEnd = 0

  constructor(input: Uint8Array, path: string) {
    this.#input = input
    this.path = path
  }

  /** Fills the 32-bit window, after each decoding table. */
  start(): void {
    this.#bits = ((this.#word() << 16) | this.#word()) >>> 0
    this.#extra = 16
  }

  peek15(): number {
    return this.#bits >>> 17
  }

  consume(count: number): void {
    this.#bits = (this.#bits << count) >>> 0
    this.#extra -= count
    if (this.#extra < 0) {
      this.#bits = (this.#bits | (this.#word() << -this.#extra)) >>> 0
      this.#extra += 16
    }
  }

  take(count: number): number {
    if (count === 0) return 0
    const value = this.#bits >>> (32 - count)
    this.consume(count)
    return value
  }

  octet(): number {
    return this.octets(1)[0]
  }

  octets(count: number): Uint8Array {
    const left = this.#input.length - this.#position
    if (left < count) throw malformed(this.path, `${count} octets`, `${Math.max(left, 0)} octets`)
    this.#position += count
    return this.#input.subarray(this.#position - count, this.#position)
  }

  /**
   * Reads the next word. The reader loads two words more than it needs. So up to two words may be
   * missing at the end of the input.
   */
  #word(): number {
    const at = this.#position
    if (at + 2 > this.#input.length) {
      this.#wordsPastEnd++
      if (this.#wordsPastEnd > WORDS_AHEAD) throw malformed(this.path, 'more compressed data', 'its end')
      return 0
    }
    this.#position += 2
    return this.#input[at] | (this.#input[at + 1] << 8)
  }
}

/** Collects the result. It grows with what was really decompressed, whatever length was claimed. */
class Output {
  readonly #limit: number
  readonly #path: string
  #bytes: Uint8Array
  #length = 0

  constructor(limit: number, path: string) {
    this.#limit = limit
    this.#path = path
    this.#bytes = new Uint8Array(Math.min(limit, 4096))
  }

  get length(): number {
    return this.#length
  }

  literal(octet: number): void {
    const at = this.#grow(1)
    this.#bytes[at] = octet
  }

  /** Copies octet by octet, since a match may overlap what it writes. */
  match(distance: number, length: number): void {
    if (distance > this.#length) {
      throw malformed(this.#path, `a match at most ${this.#length} octets back`, String(distance))
    }
    const at = this.#grow(length)
    const bytes = this.#bytes
    for (let i = at; i < at + length; i++) bytes[i] = bytes[i - distance]
  }

  toBytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(count: number): number {
    const at = this.#length
    if (count > this.#limit - at) throw malformed(this.#path, `${this.#limit} octets uncompressed`, 'more')
    this.#length = at + count
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#limit, Math.max(this.#length, this.#bytes.length * 2)))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    return at
  }
}

function malformed(path: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path, expected, found })
}

/** MS-XCA section 2.2: each block of 64 KiB of output has its own codes. */
const BLOCK_LENGTH = 0x1_0000
const SYMBOLS = 512
const LITERALS = 256
/** The longest code, in bits. MS-XCA section 2.1. */
const MAX_CODE_LENGTH = 15
const MINIMUM_MATCH = 3
const WORDS_AHEAD = 2
