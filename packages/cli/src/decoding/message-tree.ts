/** The messages of RFC 4120, each by the number with which it begins. */

import {
  ApRep,
  ApReq,
  AsRep,
  AsReq,
  type Codec,
  decode,
  EncAsRepPart,
  EncTicketPart,
  formatPrincipal,
  type KdcRep,
  type KdcReq,
  KdcOption,
  hasFlag,
  encryptionTypeName,
  type Key,
  KeyUsage,
  krbErrorName,
  KrbCred,
  KrbError,
  KrbPriv,
  openEncryptedData,
  TgsRep,
  TgsReq,
  Ticket,
} from '@s4u/krb5'
import { styled, type TreeNode } from '../terminal/blocks.js'
import { apReqTree } from './ap-req-tree.js'
import { type DecodingContext, firstThat, keysFor } from './decoding-context.js'
import {
  addressesLeaf,
  attempted,
  branch,
  flagsLeaf,
  keyLeaf,
  leaf,
  nameLeaf,
  octetsLeaf,
  sealedLeaf,
  timeLeaf,
} from './nodes.js'
import { methodDataTree, padataTree } from './padata-tree.js'
import { encTicketPartTree, ticketTree } from './ticket-tree.js'

type Decoder = (octets: Uint8Array, context: DecodingContext) => TreeNode

/** By the first octet: the application tag. Source: RFC 4120 section 5.10. */
const MESSAGES: Readonly<Record<number, Decoder>> = {
  0x61: of(Ticket, (ticket, context) => ticketTree(ticket, context, 'Ticket')),
  0x63: of(EncTicketPart, encTicketPartTree),
  0x6a: of(AsReq, (message, context) => requestTree('AS-REQ', message, context)),
  0x6b: of(AsRep, (message, context) => replyTree('AS-REP', message, context)),
  0x6c: of(TgsReq, (message, context) => requestTree('TGS-REQ', message, context)),
  0x6d: of(TgsRep, (message, context) => replyTree('TGS-REP', message, context)),
  0x6e: of(ApReq, (message, context) => apReqTree(message, context)),
  0x6f: of(ApRep, ({ encPart }) => branch('AP-REP', [sealedLeaf('sealed part', encPart)])),
  0x75: of(KrbPriv, ({ encPart }) => branch('KRB-PRIV', [sealedLeaf('sealed part', encPart)])),
  0x76: of(KrbCred, ({ tickets, encPart }, context) =>
    branch('KRB-CRED', [...tickets.map((ticket) => ticketTree(ticket, context)), sealedLeaf('sealed part', encPart)]),
  ),
  0x7e: of(KrbError, errorTree),
}

/** Whether something is a message of Kerberos, by its first octet. */
export function isKerberosMessage(octets: Uint8Array): boolean {
  return octets[0] !== undefined && octets[0] in MESSAGES
}

/** @throws MalformedTokenError */
export function messageTree(octets: Uint8Array, context: DecodingContext): TreeNode {
  const decoder = MESSAGES[octets[0] ?? 0]
  if (decoder === undefined) throw new TypeError('no message of Kerberos')
  return decoder(octets, context)
}

function of<T>(codec: Codec<T>, tree: (message: T, context: DecodingContext) => TreeNode): Decoder {
  return (octets, context) => tree(decode(codec, octets), context)
}

function requestTree(label: string, { padata = [], reqBody }: KdcReq, context: DecodingContext): TreeNode {
  const options = Object.entries(KdcOption)
    .filter(([, bit]) => hasFlag(reqBody.kdcOptions, bit))
    .map(([name]) => name.toLowerCase().replaceAll('_', '-'))
  return branch(label, [
    nameLeaf('client', reqBody.cname, reqBody.realm),
    nameLeaf('service', reqBody.sname, reqBody.realm),
    leaf('options', options.join(', ') || undefined),
    leaf('encryption types', reqBody.etype.map(encryptionTypeName).join(', ')),
    timeLeaf('until', reqBody.till),
    timeLeaf('renewable until', reqBody.rtime),
    leaf('nonce', reqBody.nonce),
    addressesLeaf(reqBody.addresses),
    ...(reqBody.additionalTickets ?? []).map((ticket) => ticketTree(ticket, context, 'additional ticket')),
    ...padata.map((one) => padataTree(one, context)),
  ])
}

function replyTree(
  label: string,
  { padata = [], crealm, cname, ticket, encPart }: KdcRep,
  context: DecodingContext,
): TreeNode {
  const opened = firstThat(keysFor(context, encPart.etype, encPart.kvno), (key: Key) =>
    decode(EncAsRepPart, openEncryptedData(encPart, key, KeyUsage.AS_REP)),
  )
  return branch(label, [
    nameLeaf('client', cname, crealm),
    ticketTree(ticket, context),
    opened === undefined
      ? sealedLeaf('sealed part', encPart)
      : branch('EncASRepPart', [
          leaf('service', formatPrincipal({ name: opened.sname, realm: opened.srealm })),
          keyLeaf('session key', opened.key, context),
          flagsLeaf(opened.flags),
          timeLeaf('signed in', opened.authtime),
          timeLeaf('valid until', opened.endtime),
          timeLeaf('renewable until', opened.renewTill),
          timeLeaf('key expires', opened.keyExpiration),
          leaf('nonce', opened.nonce),
        ]),
    ...padata.map((one) => padataTree(one, context)),
  ])
}

function errorTree(error: KrbError, context: DecodingContext): TreeNode {
  return branch('KRB-ERROR', [
    { label: 'code', value: styled('bad', `${krbErrorName(error.errorCode)} (${error.errorCode})`) },
    leaf('text', error.eText),
    nameLeaf('client', error.cname, error.crealm),
    nameLeaf('service', error.sname, error.realm),
    timeLeaf('time of the server', error.stime),
    attempted('data', () => errorDataTree(error, context)),
  ])
}

function errorDataTree({ eData }: KrbError, context: DecodingContext): TreeNode | undefined {
  if (eData === undefined) return undefined
  return methodDataTree(eData, context) ?? octetsLeaf('data', eData)
}
