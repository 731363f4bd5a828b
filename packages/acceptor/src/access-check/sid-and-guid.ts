import { type ByteReader, decodeSid } from '@s4u/krb5'

/** A SID at the front of something longer, and how long it is. @throws MalformedTokenError */
export function readSidAtFront(bytes: Uint8Array, path: string): { readonly sid: string; readonly length: number } {
  const length = 8 + 4 * (bytes[1] ?? 0)
  return { sid: decodeSid(bytes.subarray(0, length), path), length }
}

/** `bf967aba-0de6-11d0-a285-00aa003049e2`. Source: MS-DTYP section 2.3.4.2. */
export function readGuid(reader: ByteReader, field: string): string {
  const bytes = reader.bytes(16, field)
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
  const digits = order.map((index) => bytes[index].toString(16).padStart(2, '0')).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
