/** Files of keys and tickets: what each entry is, without its secrets. */

import { type CachedCredential, decodeCcache, encryptionTypeName, formatPrincipal, Keytab } from '@s4u/krb5'
import type { TreeNode } from '../terminal/blocks.js'
import type { DecodingContext } from './decoding-context.js'
import { branch, flagsLeaf, keyLeaf, leaf, timeLeaf } from './nodes.js'
import { ticketTree } from './ticket-tree.js'

/** Whether something begins as a keytab does, or an old credential cache. */
export function isKeytabOrCache(octets: Uint8Array): boolean {
  const version = octets[1] ?? 0
  return octets[0] === 5 && version >= 1 && version <= 4
}

/** Versions 1 and 2 of both begin alike: a keytab is tried first. @throws ConfigurationError */
export function fileTree(octets: Uint8Array, context: DecodingContext): TreeNode {
  if ((octets[1] ?? 0) > 2) return cacheTree(octets, context)
  try {
    return keytabTree(Keytab.decode(octets), context)
  } catch (error) {
    try {
      return cacheTree(octets, context)
    } catch {
      throw error
    }
  }
}

function keytabTree({ entries, leftOut }: Keytab, context: DecodingContext): TreeNode {
  return branch(
    'keytab',
    [
      ...entries.map(({ principal, kvno, key, timestamp }) =>
        branch(formatPrincipal(principal), [
          leaf('version', kvno),
          keyLeaf('key', key, context),
          timeLeaf('written', timestamp),
        ]),
      ),
      ...leftOut.map(({ record, why }) => leaf(record, `cannot be read: ${why}`)),
    ],
    `${entries.length} keys`,
  )
}

function cacheTree(octets: Uint8Array, context: DecodingContext): TreeNode {
  const { principal, credentials, settings, leftOut } = decodeCcache(octets)
  return branch(
    'credential cache',
    [
      ...credentials.map((credential) => credentialTree(credential, context)),
      ...settings.map(({ name, value }) => leaf(`setting ${name}`, `${value.length} octets`)),
      ...leftOut.map(({ record, why }) => leaf(record, `cannot be read: ${why}`)),
    ],
    formatPrincipal(principal),
  )
}

function credentialTree(credential: CachedCredential, context: DecodingContext): TreeNode {
  const { client, server, key, flags, authtime, starttime, endtime, renewTill, ticket } = credential
  return branch(formatPrincipal(server), [
    leaf('client', formatPrincipal(client)),
    flagsLeaf(flags),
    keyLeaf('session key', key, context),
    timeLeaf('valid from', starttime || authtime),
    timeLeaf('valid until', endtime),
    timeLeaf('renewable until', renewTill),
    leaf('ticket encryption', encryptionTypeName(ticket.encPart.etype)),
    context.keytab && ticketTree(ticket, context),
  ])
}
