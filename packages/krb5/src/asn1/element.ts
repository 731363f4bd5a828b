import { MalformedTokenError } from '../errors/errors.js'
import { DerFault, DerReader } from './der.js'

/**
 * The encoding of an inner element exactly as it was sent, found by walking down identifier octets. Signatures and checksums
 * cover these octets, and encoding the decoded value again would only be equal if the sender's encoder was perfect.
 *
 * `elementAt(tgsReq, 'req-body', 0x6c, 0x30, 0xa4)` is the contents of the field `[4]`, a KDC-REQ-BODY.
 * @throws MalformedTokenError
 */
export function elementAt(bytes: Uint8Array, name: string, ...tags: readonly number[]): Uint8Array {
  const reader = new DerReader(bytes)
  try {
    for (const tag of tags) {
      while (reader.peek() !== tag) reader.skip()
      reader.enter(tag)
    }
    return bytes.subarray(reader.position, reader.end)
  } catch (fault) {
    if (!(fault instanceof DerFault)) throw fault
    throw new MalformedTokenError({ path: name, expected: fault.expected, found: fault.found })
  }
}
