import {
  AdType,
  type AuthorizationData,
  type EncTicketPart,
  flattenAuthorizationData,
  formatPrincipal,
  type Key,
  openTicket,
  type Ticket,
} from '@s4u/krb5'
import type { TreeNode } from '../terminal/blocks.js'
import { type DecodingContext, firstThat, keysFor } from './decoding-context.js'
import { addressesLeaf, attempted, branch, flagsLeaf, keyLeaf, leaf, nameLeaf, sealedLeaf, timeLeaf } from './nodes.js'
import { pacTree } from './pac-tree.js'

/** A ticket as everybody sees it, and what is in it where a key of the keytab opens it. */
export function ticketTree(ticket: Ticket, context: DecodingContext, label = 'ticket'): TreeNode {
  const opened = openedTicket(ticket, context)
  return branch(
    label,
    [
      opened === undefined
        ? sealedLeaf('sealed part', ticket.encPart, whyNot(context))
        : encTicketPartTree(opened, context),
    ],
    formatPrincipal({ name: ticket.sname, realm: ticket.realm }),
  )
}

/** The session key of a ticket, for what it opens. */
export function sessionKeyOf(ticket: Ticket, context: DecodingContext): Key | undefined {
  return openedTicket(ticket, context)?.key
}

export function encTicketPartTree(part: EncTicketPart, context: DecodingContext): TreeNode {
  return branch('EncTicketPart', [
    nameLeaf('client', part.cname, part.crealm),
    flagsLeaf(part.flags),
    keyLeaf('session key', part.key, context),
    timeLeaf('signed in', part.authtime),
    timeLeaf('valid from', part.starttime),
    timeLeaf('valid until', part.endtime),
    timeLeaf('renewable until', part.renewTill),
    part.transited.contents.length === 0
      ? undefined
      : leaf('transited', Buffer.from(part.transited.contents).toString()),
    addressesLeaf(part.caddr),
    authorizationTree(part.authorizationData, context),
  ])
}

/**
 * What a ticket or an authenticator carries about the user. A part of an unknown type is shown by
 * its number.
 */
export function authorizationTree(data: AuthorizationData | undefined, context: DecodingContext): TreeNode | undefined {
  if (data === undefined || data.length === 0) return undefined
  return attempted('authorization data', () =>
    branch(
      'authorization data',
      flattenAuthorizationData(data).map(({ adType, adData }) =>
        attempted(`type ${adType}`, () => {
          if (adType === AdType.WIN2K_PAC) return pacTree(adData, context)
          const found = Object.entries(AdType).find(([, number]) => number === adType)
          return leaf(found?.[0] ?? `type ${adType}`, `${adData.length} octets`)
        }),
      ),
    ),
  )
}

function openedTicket(ticket: Ticket, context: DecodingContext): EncTicketPart | undefined {
  const { etype, kvno } = ticket.encPart
  return firstThat(keysFor(context, etype, kvno), (key) => openTicket(ticket, key).encTicketPart)
}

function whyNot({ keytab }: DecodingContext): string {
  return keytab === undefined ? 'not opened' : 'no key of the keytab opens it'
}
