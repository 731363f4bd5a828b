import { MalformedTokenError } from '@s4u/krb5'
import type { TreeNode } from '../terminal/blocks.js'
import type { DecodingContext } from './decoding-context.js'
import { fileTree, isKeytabOrCache } from './file-tree.js'
import { isKerberosMessage, messageTree } from './message-tree.js'
import { branch } from './nodes.js'
import { pacTree } from './pac-tree.js'
import { type ReceivedOctets, readingsOf } from './received-octets.js'
import { isToken, tokenTree } from './token-tree.js'
import { unknownStructure } from './unknown-structure.js'

/** What an input was found to be. */
export interface Decoded {
  readonly received: ReceivedOctets
  readonly tree: TreeNode
}

/**
 * Finds out what an input is, and reads it. An input is an `Authorization` header, a token, a
 * ticket or another message (also with the length that TCP puts before it), a PAC, a keytab, a
 * credential cache, or another structure in ASN.1. It may be binary, in base64 or in hexadecimal.
 *
 * @throws MalformedTokenError if the input is nothing of these, or is damaged
 */
export function decodedTree(input: Uint8Array, context: DecodingContext): Decoded {
  const readings = readingsOf(input)
  let damage: unknown
  for (const received of readings) {
    try {
      const tree = known(received.octets, context)
      if (tree !== undefined) return { received, tree }
    } catch (error) {
      damage ??= error
    }
  }
  for (const received of readings) {
    const tree = unknownStructure(received.octets)
    if (tree !== undefined) return { received, tree }
  }
  throw damage ?? nothing(input.length)
}

function known(octets: Uint8Array, context: DecodingContext): TreeNode | undefined {
  if (isToken(octets)) return tokenTree(octets, context)
  if (isKerberosMessage(octets)) return messageTree(octets, context)
  if (isKeytabOrCache(octets)) return fileTree(octets, context)
  const framed = framedMessages(octets)
  if (framed !== undefined) return streamTree(framed, context)
  return isPac(octets) ? pacTree(octets, context) : undefined
}

/** Messages as TCP carries them, each after its length. RFC 4120 section 7.2.2. */
function framedMessages(octets: Uint8Array): readonly Uint8Array[] | undefined {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  const messages: Uint8Array[] = []
  let at = 0
  while (at < octets.length) {
    if (at + LENGTH_OCTETS > octets.length) return undefined
    const end = at + LENGTH_OCTETS + view.getUint32(at)
    const message = octets.subarray(at + LENGTH_OCTETS, end)
    if (end > octets.length || !isKerberosMessage(message)) return undefined
    messages.push(message)
    at = end
  }
  return messages.length === 0 ? undefined : messages
}

const LENGTH_OCTETS = 4

function streamTree(messages: readonly Uint8Array[], context: DecodingContext): TreeNode {
  const trees = messages.map((message) => messageTree(message, context))
  const [only] = trees
  return trees.length === 1 && only !== undefined ? only : branch('messages of a TCP connection', trees)
}

/**
 * A PAC begins with the count of its buffers and version 0, both little-endian. MS-PAC section 2.3.
 */
function isPac(octets: Uint8Array): boolean {
  if (octets.length < 24) return false
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  const count = view.getUint32(0, true)
  return count > 0 && count <= 64 && view.getUint32(4, true) === 0
}

function nothing(length: number): MalformedTokenError {
  return new MalformedTokenError({
    path: 'input',
    expected:
      'a header, a token, a message of Kerberos, a PAC, a keytab or a credential cache, binary, in base64 or in hexadecimal',
    found: `${length} octets of something else`,
    hint: 'Copy it whole: what is cut off at its end cannot be told from something else.',
  })
}
