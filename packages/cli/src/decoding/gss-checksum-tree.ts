import { contextFlagNames, isUnbound, readAuthenticatorChecksum } from '@s4u/gssapi'
import type { Authenticator } from '@s4u/krb5'
import type { TreeNode } from '../terminal/blocks.js'
import { attempted, branch, hexOf, leaf, octetsLeaf } from './nodes.js'

/** Checksum type of GSS-API, which carries flags in place of a checksum. RFC 4121 section 4.1.1. */
const GSS_TYPE = 0x8003

/** What an initiator asks for, or the kind of another checksum. */
export function authenticatorChecksumTree(authenticator: Authenticator): TreeNode | undefined {
  const { cksum } = authenticator
  if (cksum === undefined) return undefined
  if (cksum.cksumtype !== GSS_TYPE) return leaf('checksum', `type ${cksum.cksumtype}`)
  return attempted('GSS-API', () => {
    const { flags, channelBindings, delegation } = readAuthenticatorChecksum(authenticator)
    return branch('GSS-API', [
      leaf('flags', contextFlagNames(flags).join(', ') || 'none'),
      leaf('channel bindings', isUnbound(channelBindings) ? 'none' : hexOf(channelBindings)),
      octetsLeaf('forwarded ticket', delegation),
    ])
  })
}
