import { ByteReader } from '../../bytes/byte-reader.js'
import { ByteWriter } from '../../bytes/byte-writer.js'
import { encodeUtf16, readUtf16 } from '../../bytes/utf16.js'
import type { Filetime } from '../encoding/filetime.js'

/**
 * PAC_CLIENT_INFO: names the ticket to which this PAC belongs. A service must compare both fields
 * with the ticket. MS-PAC section 2.7.
 */
export interface ClientInfo {
  /** The authtime of the ticket. */
  readonly clientId: Filetime
  /** The name of the client. It has no realm, unless it came by S4U2Self from another realm. */
  readonly name: string
}

/**
 * Reads PAC_CLIENT_INFO.
 *
 * @throws MalformedTokenError
 */
export function decodeClientInfo(bytes: Uint8Array, path = 'PAC.CLIENT_INFO'): ClientInfo {
  const reader = new ByteReader(bytes, path)
  const clientId = reader.u64le('ClientId')
  const name = readUtf16(reader, reader.u16le('NameLength'), 'Name')
  reader.expectEnd()
  return { clientId, name }
}

/**
 * Returns the octets of PAC_CLIENT_INFO.
 *
 * @throws ConfigurationError for a name of more than 32,767 characters
 */
export function encodeClientInfo(info: ClientInfo): Uint8Array {
  const name = encodeUtf16(info.name)
  const writer = new ByteWriter(10 + name.length).u64le(info.clientId)
  return writer.length16le(name.length, 'CLIENT_INFO.Name').bytes(name).toBytes()
}
