import { type Codec, field, optional, sequence } from '../asn1/codec.js'
import { DerFault } from '../asn1/der.js'
import { Int32, Kvno, OctetString } from '../asn1/primitives.js'
import { Key } from '../crypto/key.js'

/**
 * Source: RFC 4120 section 5.2.9.
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

export const EncryptedData: Codec<EncryptedData> = sequence<EncryptedData>('EncryptedData', {
  etype: field(0, Int32),
  kvno: optional(1, Kvno),
  cipher: field(2, OctetString),
})

/** A keyed checksum over something the message says. Source: RFC 4120 section 5.2.9. */
export interface Checksum {
  readonly cksumtype: number
  readonly checksum: Uint8Array
}

export const Checksum: Codec<Checksum> = sequence<Checksum>('Checksum', {
  cksumtype: field(0, Int32),
  checksum: field(1, OctetString),
})

interface EncryptionKeyOnWire {
  readonly keytype: number
  readonly keyvalue: Uint8Array
}

const onWire = sequence<EncryptionKeyOnWire>('EncryptionKey', {
  keytype: field(0, Int32),
  keyvalue: field(1, OctetString),
})

/** EncryptionKey, decoded straight into a `Key`, so that no decoded message shows key octets when printed. */
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
