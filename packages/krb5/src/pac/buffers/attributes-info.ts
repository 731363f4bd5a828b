import { ByteReader } from '../../bytes/byte-reader.js'
import { ByteWriter } from '../../bytes/byte-writer.js'

/**
 * PAC_ATTRIBUTES_INFO: whether the client asked for a PAC, or got one without asking. MS-PAC
 * section 2.14.
 */
export interface AttributesInfo {
  /** The length of the flags in bits; Windows sends 2. */
  readonly flagsLength: number
  /** The first 32 flags: bits of `PacAttribute`. */
  readonly flags: number
}

/** Bits of PAC_ATTRIBUTES_INFO. MS-PAC section 2.14. */
export const PacAttribute = { PAC_WAS_REQUESTED: 0x1, PAC_WAS_GIVEN_IMPLICITLY: 0x2 } as const

/**
 * Reads PAC_ATTRIBUTES_INFO.
 *
 * @throws MalformedTokenError
 */
export function decodeAttributesInfo(bytes: Uint8Array, path = 'PAC.ATTRIBUTES_INFO'): AttributesInfo {
  const reader = new ByteReader(bytes, path)
  const flagsLength = reader.u32le('FlagsLength')
  const words = Math.ceil(flagsLength / 32)
  reader.expectElements(words, 4, 'Flags')
  const flags = words === 0 ? 0 : reader.u32le('Flags')
  return { flagsLength, flags }
}

export function encodeAttributesInfo(info: AttributesInfo): Uint8Array {
  const words = Math.ceil(info.flagsLength / 32)
  const writer = new ByteWriter(4 + 4 * words).u32le(info.flagsLength)
  return words === 0
    ? writer.toBytes()
    : writer
        .u32le(info.flags)
        .zeros(4 * (words - 1))
        .toBytes()
}
