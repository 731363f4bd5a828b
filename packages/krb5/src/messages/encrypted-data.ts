import { type Codec } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { DerFault } from '../asn1/der.js'
import { Int32, Kvno, OctetString } from '../asn1/primitives.js'
import { secretOctets } from '../bytes/secret-octets.js'
import { Key } from '../crypto/key.js'

/**
 * An encrypted part of a message. Source: RFC 4120 section 5.2.9.
 *
 *     EncryptedData ::= SEQUENCE {
 *         etype   [0] Int32,
 *         kvno    [1] UInt32 OPTIONAL,
 *         cipher  [2] OCTET STRING
 *     }
 */
export interface EncryptedData {
  readonly etype: number
  readonly kvno?: number
  readonly cipher: Uint8Array
}

const encryptedData = sequence<EncryptedData>('EncryptedData', {
  etype: field(0, Int32),
  kvno: optional(1, Kvno),
  cipher: field(2, OctetString),
})

/** Reads and writes EncryptedData; nothing is decrypted. Source: RFC 4120 section 5.2.9. */
export const EncryptedData: Codec<EncryptedData> = {
  ...encryptedData,
  read(reader) {
    const data = encryptedData.read(reader)
    return data.etype === ETYPE_NULL ? { ...data, cipher: secretOctets(data.cipher) } : data
  },
}

/**
 * The number for "not encrypted". Heimdal forwards tickets in this way, with the session key in the
 * clear. Source: RFC 4120 section 5.8.1.
 */
const ETYPE_NULL = 0

/** A keyed checksum over some other part of a message. Source: RFC 4120 section 5.2.9. */
export interface Checksum {
  readonly cksumtype: number
  readonly checksum: Uint8Array
}

const checksum = sequence<Checksum>('Checksum', {
  cksumtype: field(0, Int32),
  checksum: field(1, OctetString),
})

/** Reads and writes Checksum. Source: RFC 4120 section 5.2.9. */
export const Checksum: Codec<Checksum> = {
  ...checksum,
  read(reader) {
    const value = checksum.read(reader)
    if (value.cksumtype !== GSS_CHECKSUM || value.checksum.length <= GSS_CHECKSUM_OCTETS) return value
    return { ...value, checksum: secretOctets(value.checksum) }
  },
}

/**
 * The number of the GSS-API checksum, which is not a checksum but a structure. A forwarded ticket
 * may stand behind its channel bindings and flags, and the session key of that ticket need not be
 * encrypted. Source: RFC 4121 section 4.1.1.
 */
const GSS_CHECKSUM = 0x8003
const GSS_CHECKSUM_OCTETS = 24

interface EncryptionKeyOnWire {
  readonly keytype: number
  readonly keyvalue: Uint8Array
}

const onWire = sequence<EncryptionKeyOnWire>('EncryptionKey', {
  keytype: field(0, Int32),
  keyvalue: field(1, OctetString),
})

/**
 * EncryptionKey. It is decoded directly into a `Key`, so that no decoded message shows the octets
 * of a key when it is printed.
 */
export const EncryptionKey: Codec<Key> = {
  name: 'EncryptionKey',
  tag: 0x30,
  read(reader) {
    const { keytype, keyvalue } = onWire.read(reader)
    try {
      return new Key(keytype, keyvalue)
    } catch {
      throw new DerFault(`a key of encryption type ${keytype}`, `${keyvalue.length} octets`)
    }
  },
  write: (writer, key) => onWire.write(writer, { keytype: key.etype, keyvalue: key.exposeSecretBytes() }),
}
