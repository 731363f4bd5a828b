import type { Random } from './random.js'

/** Octets at which readers of lengths, counts and signs change their minds. */
const INTERESTING = [0x00, 0x01, 0x02, 0x1f, 0x30, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x85, 0xa0, 0xfe, 0xff]
const INTERESTING_NUMBERS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
]

/** A changed copy of `seed`; `other` is another seed of the same format, to take parts from. */
export function mutate(seed: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(seed)
  for (let left = 1 + random.below(random.below(8) === 0 ? 12 : 3); left > 0; left--) {
    bytes = random.pick(MUTATIONS)(bytes, other, random)
  }
  return bytes
}

type Mutation = (bytes: Uint8Array, other: Uint8Array, random: Random) => Uint8Array

const MUTATIONS: readonly Mutation[] = [
  inPlace((bytes, at, random) => (bytes[at] ^= 1 << random.below(8))),
  inPlace((bytes, at, random) => (bytes[at] = random.below(256))),
  inPlace((bytes, at, random) => (bytes[at] = random.pick(INTERESTING))),
  inPlace((bytes, at, random) => (bytes[at] += random.pick([-2, -1, 1, 2]))),
  inPlace((bytes, at, random) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const littleEndian = random.below(2) === 0
    const value = random.pick(INTERESTING_NUMBERS)
    if (at + 4 <= bytes.length && random.below(2) === 0) view.setUint32(at, value, littleEndian)
    else if (at + 2 <= bytes.length) view.setUint16(at, value, littleEndian)
  }),
  inPlace((bytes, at, random) => bytes.copyWithin(random.below(bytes.length), at, at + random.below(32))),
  inPlace((bytes, at, random) => bytes.fill(random.pick(INTERESTING), at, at + random.below(16))),
  function cutShort(bytes, _other, random) {
    return bytes.slice(0, random.below(bytes.length + 1))
  },
  function cutOut(bytes, _other, random) {
    const at = random.below(bytes.length + 1)
    return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8)))
  },
  function insert(bytes, _other, random) {
    const at = random.below(bytes.length + 1)
    const inserted = new Uint8Array(1 + random.below(8)).map(() => random.below(256))
    return joined(bytes.subarray(0, at), inserted, bytes.subarray(at))
  },
  function repeat(bytes, _other, random) {
    const at = random.below(bytes.length + 1)
    const end = Math.min(bytes.length, at + random.below(64))
    return bytes.length > MAX_GROWN ? bytes : joined(bytes.subarray(0, end), bytes.subarray(at))
  },
  function splice(bytes, other, random) {
    return joined(bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1)))
  },
]

/** Mutations follow each other; without a limit some inputs would grow for nothing. */
const MAX_GROWN = 16_384

function inPlace(change: (bytes: Uint8Array, at: number, random: Random) => unknown): Mutation {
  return (bytes, _other, random) => {
    if (bytes.length > 0) change(bytes, random.below(bytes.length), random)
    return bytes
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
