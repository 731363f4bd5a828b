import { type ByteReader, ByteWriter } from '@s4u/krb5'

/** What a pair says. MS-NLMP section 2.2.2.1. */
export const AvId = {
  END: 0,
  NETBIOS_COMPUTER: 1,
  NETBIOS_DOMAIN: 2,
  DNS_COMPUTER: 3,
  DNS_DOMAIN: 4,
  DNS_TREE: 5,
  FLAGS: 6,
  TIMESTAMP: 7,
  TARGET_NAME: 9,
  CHANNEL_BINDINGS: 10,
} as const

/** Bits of the pair FLAGS. */
export const AvFlag = { MIC: 2, UNTRUSTED_TARGET_NAME: 4 } as const

/**
 * Reads a list of pairs up to its end. A pair that comes twice is refused: one reader would take
 * the first and another the last (CVE-2019-1166 hid the client's flags in this way).
 *
 * @throws MalformedTokenError
 */
export function readAvPairs(reader: ByteReader): ReadonlyMap<number, Uint8Array> {
  const pairs = new Map<number, Uint8Array>()
  for (;;) {
    const id = reader.u16le('AvId')
    const length = reader.u16le('AvLen')
    const value = reader.bytes(length, `Value[${id}]`)
    if (id === AvId.END && length === 0) return pairs
    if (id === AvId.END) reader.fail('AvLen', '0 at the end', String(length))
    if (pairs.has(id)) reader.fail(`Value[${id}]`, 'each pair once', 'it twice')
    if (pairs.size === MAX_PAIRS) reader.fail('AvId', `at most ${MAX_PAIRS} pairs`, 'more')
    pairs.set(id, value)
  }
}

/** Writes pairs in their order, and their end. */
export function encodeAvPairs(pairs: readonly (readonly [id: number, value: Uint8Array])[]): Uint8Array {
  const writer = new ByteWriter()
  for (const [id, value] of pairs) writer.u16le(id).length16le(value.length, 'AvLen').bytes(value)
  return writer.u32le(0).toBytes()
}

/** Eleven are defined. */
const MAX_PAIRS = 32
