import { MalformedTokenError } from '../errors/errors.js'
import { DerFault, DerReader } from './der.js'

/**
 * Returns the encoding of an inner element exactly as it was sent. It is found by walking down
 * identifier octets. Signatures and checksums cover these octets; encoding the decoded value again
 * would give the same octets only if the sender's encoder was perfect.
 *
 * @param name what errors call the element
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { elementAt } from '@s4u/krb5'
 *
 * // The contents of the field `[4]` of a TGS-REQ: a KDC-REQ-BODY.
 * export const bodyOf = (tgsReq: Uint8Array) => elementAt(tgsReq, 'req-body', 0x6c, 0x30, 0xa4)
 * ```
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
