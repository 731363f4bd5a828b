import { BerWriter } from 'ldapts'

/** How a client signs in: SPNEGO around Kerberos (MS-SPNG), or Kerberos itself (RFC 4752). */
export type SaslMechanism = 'GSS-SPNEGO' | 'GSSAPI'

/**
 * A bind with a SASL mechanism. RFC 4511 section 4.2. ldapts is not used for it: ldapts writes
 * credentials as UTF-8, which changes each octet from 0x80 on.
 *
 * @param credentials undefined leaves the credentials out; an empty array is sent as empty
 * credentials, as in GSSAPI's second leg
 */
export function saslBindRequest(id: number, mechanism: string, credentials: Uint8Array | undefined): Uint8Array {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  writer.startSequence(BIND_REQUEST)
  writer.writeInt(LDAP_VERSION)
  writer.writeString('')
  writer.startSequence(SASL)
  writer.writeString(mechanism)
  if (credentials !== undefined) writer.writeBuffer(Buffer.from(credentials), OCTET_STRING)
  writer.endSequence()
  writer.endSequence()
  writer.endSequence()
  return writer.buffer
}

/**
 * Returns the request that tells the server to stop an operation: the caller does not wait for it
 * any more. RFC 4511 section 4.11.
 */
export function abandonRequest(id: number, abandoned: number): Uint8Array {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(id)
  writer.writeInt(abandoned, ABANDON_REQUEST)
  writer.endSequence()
  return writer.buffer
}

const LDAP_VERSION = 3
const OCTET_STRING = 0x04
const BIND_REQUEST = 0x60
const SASL = 0xa3
const ABANDON_REQUEST = 0x50
