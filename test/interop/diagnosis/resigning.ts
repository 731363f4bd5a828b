import { type KdcTransport } from '@s4u/kdc-client'
import {
  ApReq,
  decode,
  encode,
  findPaData,
  KdcReqBody,
  type Key,
  type Keytab,
  KeyUsage,
  openAuthenticator,
  openTicket,
  type PaData,
  PaForUser,
  PaType,
  sealApReq,
  TgsReq,
} from '@s4u/krb5'
import { connect } from 'node:net'
import type { Address } from '../../realms/realm-info.js'

/** What is changed in a request for a ticket, before it is signed as if it had been meant so. */
export interface Change {
  readonly body?: (body: KdcReqBody) => KdcReqBody
  readonly padata?: (padata: PaData) => PaData
}

/**
 * A way to a KDC on which requests are changed and signed again: with the keys of the realm, which
 * the keytab of every account has, it asks for what our client never would.
 */
export function resigning(kdc: Address, everyKey: Keytab, change: Change): KdcTransport {
  return (request) => askByTcp(kdc, request[0] === TGS_REQ ? changed(request, everyKey, change) : request)
}

/**
 * Octets of the checksum of PA-FOR-USER, which the KDC then finds wrong; the other padata of
 * S4U2Self is taken away.
 */
export function wrongForUserChecksum(padata: PaData): PaData {
  if (padata.padataType === PaType.S4U_X509_USER) return { padataType: 0x7fff, padataValue: new Uint8Array(0) }
  if (padata.padataType !== PaType.FOR_USER) return padata
  const forUser = decode(PaForUser, padata.padataValue)
  const checksum = forUser.cksum.checksum.map((octet) => octet ^ 1)
  return { ...padata, padataValue: encode(PaForUser, { ...forUser, cksum: { ...forUser.cksum, checksum } }) }
}

/** One request, one answer, over a connection of its own. */
export function askByTcp({ host, port }: Address, request: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host)
    let received = Buffer.alloc(0)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(request.length)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${host}:${port} closed the connection`)))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 4 || received.length < 4 + received.readUInt32BE(0)) return
      resolve(new Uint8Array(received.subarray(4)))
      socket.destroy()
    })
    socket.write(Buffer.concat([length, request]))
  })
}

const TGS_REQ = 0x6c

function changed(request: Uint8Array, everyKey: Keytab, { body = same, padata = same }: Change): Uint8Array {
  const { padata: sent = [], reqBody } = decode(TgsReq, request)
  const changedBody = body(reqBody)
  const apReq = decode(ApReq, findPaData(sent, PaType.TGS_REQ) ?? new Uint8Array(0))
  const sessionKey = sessionKeyOf(apReq, everyKey)
  const usage = KeyUsage.TGS_REQ_AUTHENTICATOR
  const checksum = sessionKey.checksum(KeyUsage.TGS_REQ_CHECKSUM, encode(KdcReqBody, changedBody))
  const authenticator = {
    ...openAuthenticator(apReq, sessionKey, usage),
    cksum: { cksumtype: sessionKey.checksumType, checksum },
  }
  const { apOptions, ticket } = apReq
  const resealed = sealApReq({ apOptions, ticket, sessionKey, authenticator, usage })
  const others = sent.filter(({ padataType }) => padataType !== PaType.TGS_REQ).map(padata)
  return encode(TgsReq, {
    padata: [{ padataType: PaType.TGS_REQ, padataValue: resealed }, ...others],
    reqBody: changedBody,
  })
}

function sessionKeyOf({ ticket }: ApReq, { entries }: Keytab): Key {
  const { etype, kvno } = ticket.encPart
  const isSealing = (entry: Keytab['entries'][number]): boolean =>
    entry.principal.name.nameString[0] === 'krbtgt' && entry.key.etype === etype && entry.kvno === kvno
  const entry = entries.find(isSealing)
  if (entry === undefined) throw new Error(`no key of krbtgt with version ${kvno} and type ${etype}`)
  return openTicket(ticket, entry.key).encTicketPart.key
}

function same<T>(value: T): T {
  return value
}
