import { type ApReq, openAuthenticator } from '@s4u/krb5'
import type { TreeNode } from '../terminal/blocks.js'
import { type DecodingContext, firstThat } from './decoding-context.js'
import { authenticatorChecksumTree } from './gss-checksum-tree.js'
import { branch, keyLeaf, leaf, nameLeaf, sealedLeaf, timeLeaf } from './nodes.js'
import { authorizationTree, sessionKeyOf, ticketTree } from './ticket-tree.js'

/**
 * An AP-REQ: the ticket, and the proof of who shows it. `usage` is another one in the AP-REQ of a
 * TGS-REQ.
 */
export function apReqTree(message: ApReq, context: DecodingContext, usage?: number, label = 'AP-REQ'): TreeNode {
  const { ticket, authenticator } = message
  const sessionKey = sessionKeyOf(ticket, context)
  const opened = sessionKey && firstThat([sessionKey], (key) => openAuthenticator(message, key, usage))
  return branch(label, [
    ticketTree(ticket, context),
    opened === undefined
      ? sealedLeaf('authenticator', authenticator)
      : branch('authenticator', [
          nameLeaf('client', opened.cname, opened.crealm),
          timeLeaf('time', opened.ctime),
          keyLeaf('subkey', opened.subkey, context),
          leaf('sequence number', opened.seqNumber),
          authenticatorChecksumTree(opened),
          authorizationTree(opened.authorizationData, context),
        ]),
  ])
}
