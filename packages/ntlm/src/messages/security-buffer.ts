import { ByteReader, MalformedTokenError } from '@s4u/krb5'

/** Length and offset of a field in the payload. MS-NLMP section 2.2.1. */
export interface SecurityBuffer {
  readonly length: number
  readonly offset: number
}

/**
 * Opens a message of NTLM: its signature and its number.
 *
 * @param path of what is read: `NTLM.AUTHENTICATE`
 * @throws MalformedTokenError
 */
export function openNtlmMessage(octets: Uint8Array, type: number, path: string): ByteReader {
  const reader = new ByteReader(octets, path)
  if (octets.length > MAX_MESSAGE) reader.fail('', `at most ${MAX_MESSAGE} octets`, String(octets.length))
  const signature = reader.bytes(SIGNATURE.length, 'Signature')
  if (!SIGNATURE.every((octet, at) => octet === signature[at])) reader.fail('Signature', 'NTLMSSP', 'something else')
  const found = reader.u32le('MessageType')
  if (found !== type) reader.fail('MessageType', String(type), String(found))
  return reader
}

/**
 * Returns the number of a message of NTLM; undefined for what is none.
 *
 * @example
 * ```ts
 * import { ntlmMessageType } from '@s4u/ntlm'
 *
 * console.log(ntlmMessageType(Buffer.from('TlRMTVNTUAABAAAA', 'base64'))) // 1
 * console.log(ntlmMessageType(Uint8Array.of(0x60, 0))) // undefined
 * ```
 */
export function ntlmMessageType(octets: Uint8Array): number | undefined {
  return octets.length >= 12 && SIGNATURE.every((octet, at) => octet === octets[at]) ? octets[8] : undefined
}

export function readSecurityBuffer(reader: ByteReader, field: string): SecurityBuffer {
  const length = reader.u16le(field)
  reader.skip(2, field)
  return { length, offset: reader.u32le(field) }
}

/**
 * Returns the octets of a field, which lie behind the fixed part.
 *
 * @throws MalformedTokenError
 */
export function payloadOf(
  message: Uint8Array,
  { length, offset }: SecurityBuffer,
  { field, fixed }: { readonly field: string; readonly fixed: number },
): Uint8Array {
  if (length === 0) return message.subarray(0, 0)
  if (offset >= fixed && offset + length <= message.length) return message.subarray(offset, offset + length)
  throw new MalformedTokenError({
    path: field,
    expected: `octets from ${fixed} to ${message.length}`,
    found: `${length} at ${offset}`,
  })
}

export const SIGNATURE: Uint8Array = new TextEncoder().encode('NTLMSSP\0')

/** Windows accepts no more than this in a token either: about ten times what clients send. */
const MAX_MESSAGE = 4_096
