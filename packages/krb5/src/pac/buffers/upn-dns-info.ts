import { ByteReader } from '../../bytes/byte-reader.js'
import { ByteWriter } from '../../bytes/byte-writer.js'
import { encodeUtf16, readUtf16 } from '../../bytes/utf16.js'
import { encodeSid, readSid } from '../encoding/sid.js'

/** UPN_DNS_INFO: the user principal name and the DNS name of the domain. MS-PAC section 2.10. */
export interface UpnDnsInfo {
  readonly upn: string
  readonly dnsDomainName: string
  /**
   * Bit 0: the account has no userPrincipalName, so `upn` is made from name and domain. Bit 1:
   * {@link UpnDnsInfo.extended} is there.
   */
  readonly flags: number
  readonly extended: UpnDnsInfoExtension | undefined
}

/** The extension of UPN_DNS_INFO: the account name and the SID. MS-PAC section 2.10. */
export interface UpnDnsInfoExtension {
  readonly samAccountName: string
  readonly sid: string
}

/** Bits of UPN_DNS_INFO. MS-PAC section 2.10. */
export const UpnDnsFlag = { CONSTRUCTED: 0x1, EXTENDED: 0x2 } as const

/**
 * Reads UPN_DNS_INFO.
 *
 * @throws MalformedTokenError
 */
export function decodeUpnDnsInfo(bytes: Uint8Array, path = 'PAC.UPN_DNS_INFO'): UpnDnsInfo {
  const reader = new ByteReader(bytes, path)
  const upn = readSpan(reader, 'Upn')
  const dnsDomainName = readSpan(reader, 'DnsDomainName')
  const flags = reader.u32le('Flags')
  // Without the flag these octets are not the extension: older systems place the strings here.
  const extended = (flags & UpnDnsFlag.EXTENDED) === 0 ? undefined : readExtension(reader, bytes)
  const head = extended === undefined ? HEAD_LENGTH : EXTENDED_HEAD_LENGTH
  return {
    upn: readText(reader, upn, head, 'Upn'),
    dnsDomainName: readText(reader, dnsDomainName, head, 'DnsDomainName'),
    flags,
    extended,
  }
}

/**
 * Returns the octets of UPN_DNS_INFO. The flag of the extension is set if `extended` is given, and
 * cleared if it is not.
 *
 * @throws ConfigurationError if the names together are too long
 */
export function encodeUpnDnsInfo(info: UpnDnsInfo): Uint8Array {
  const parts = [encodeUtf16(info.upn), encodeUtf16(info.dnsDomainName)]
  if (info.extended !== undefined) parts.push(encodeUtf16(info.extended.samAccountName), encodeSid(info.extended.sid))

  const offsets: number[] = []
  let end = info.extended === undefined ? HEAD_LENGTH : EXTENDED_HEAD_LENGTH
  for (const part of parts) {
    offsets.push(Math.ceil(end / 8) * 8)
    end = offsets[offsets.length - 1] + part.length
  }

  const writer = new ByteWriter(end + 8)
  const span = (index: number) =>
    writer.length16le(parts[index].length, 'UPN_DNS_INFO').length16le(offsets[index], 'UPN_DNS_INFO')
  span(0)
  span(1)
  writer.u32le(info.extended === undefined ? info.flags & ~UpnDnsFlag.EXTENDED : info.flags | UpnDnsFlag.EXTENDED)
  if (info.extended !== undefined) {
    span(2)
    span(3)
  }
  for (const part of parts) writer.align(8).bytes(part)
  return writer.align(8).toBytes()
}

interface Span {
  readonly length: number
  readonly offset: number
}

function readSpan(reader: ByteReader, field: string): Span {
  return { length: reader.u16le(`${field}Length`), offset: reader.u16le(`${field}Offset`) }
}

function readExtension(reader: ByteReader, bytes: Uint8Array): UpnDnsInfoExtension {
  const name = readSpan(reader, 'SamName')
  const sid = readSpan(reader, 'Sid')
  const samAccountName = readText(reader, name, EXTENDED_HEAD_LENGTH, 'SamName')
  seek(reader, sid, EXTENDED_HEAD_LENGTH, 'Sid')
  const sidReader = new ByteReader(bytes.subarray(sid.offset), reader.path).sub(sid.length, 'Sid')
  const extension = { samAccountName, sid: readSid(sidReader, '') }
  sidReader.expectEnd()
  return extension
}

function readText(reader: ByteReader, span: Span, head: number, field: string): string {
  if (span.length === 0) return ''
  seek(reader, span, head, field)
  return readUtf16(reader, span.length, field)
}

function seek(reader: ByteReader, span: Span, head: number, field: string): void {
  if (span.offset < head)
    reader.fail(`${field}Offset`, `an offset behind the first ${head} octets`, String(span.offset))
  reader.seek(span.offset, `${field}Offset`)
}

const HEAD_LENGTH = 12
const EXTENDED_HEAD_LENGTH = 20
