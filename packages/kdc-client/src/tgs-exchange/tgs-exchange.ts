/**
 * The Ticket-Granting Service exchange: one request, and one checked reply. Source: RFC 4120
 * section 3.3.
 */

import {
  type Authenticator,
  encode,
  KdcOption,
  KdcReqBody,
  kerberosFlags,
  Key,
  KeyUsage,
  type PaData,
  PaType,
  sealApReq,
  TgsReq,
  withEncoding,
} from '@s4u/krb5'
import { noteOptions } from '../events/events.js'
import { armorKeyOf, explicitArmor, subkeyArmor } from '../fast/armor-key.js'
import { FastChannel } from '../fast/fast-channel.js'
import { exchangeWithKdc, kerberosMoment, newNonce } from '../exchange/kdc-exchange.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { HeardError } from '../errors/krb-error.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { type JudgedReply, judgeReply, type SentTgsReq } from './tgs-reply.js'
import { optionsOf, type RequestBinding, type TgsRequest } from './tgs-request.js'

const TGS_REP_TAG = 0x6d

export type TgsOutcome = JudgedReply | TgsRefusal

/** The ticket, or the KDC's refusal. */
export type TicketOutcome = { readonly ticket: ServiceTicket } | TgsRefusal

/**
 * The KDC's refusal, and the ticket-granting ticket of the refused request: the last one, if there
 * were several realms on the way.
 */
export interface TgsRefusal {
  readonly refused: HeardError
  readonly shown: ServiceTicket
  /** The refusal came in the armor of the request, which only the KDC can make. */
  readonly isArmored?: boolean
}

/**
 * Sends one TGS-REQ and checks the reply. It asks for a lifetime up to the end of the
 * ticket-granting ticket, which is the most that a KDC grants.
 *
 * If an armored request gets an unarmored answer, the request is sent once more without the
 * machine's armor: some KDCs do not accept it here. The armor only adds rights to a ticket, so
 * nothing is lost.
 */
export async function requestTicket(context: KdcContext, request: TgsRequest): Promise<TgsOutcome> {
  const { ticketArmor, signal } = context
  const realm = realmOf(request)
  const machine = await ticketArmor?.machineFor(realm, signal)
  if (machine === undefined) return ask(context, request)
  const outcome = await ask(context, request, machine)
  if (!('refused' in outcome) || outcome.isArmored) {
    if (outcome.isArmored) ticketArmor?.noteAcceptance(realm)
    return outcome
  }
  const other = await ask(context, request)
  if (!('refused' in other) || other.isArmored) ticketArmor?.noteRefusal(realm)
  return other
}

async function ask(context: KdcContext, request: TgsRequest, machine?: ServiceTicket): Promise<TgsOutcome> {
  const { sent, bytes } = makeRequest(context, request, machine)
  for (let byTcp = false; ; byTcp = true) {
    const answer = await exchangeWithKdc(context, realmOf(request), bytes, TGS_REP_TAG, byTcp)
    if ('error' in answer) return refusalOf(context, sent, answer.error)
    try {
      return judgeReply(context, sent, answer.reply)
    } catch (error) {
      // A datagram that does not decrypt may come from anybody.
      if (byTcp || !answer.byDatagram) throw error
    }
  }
}

function refusalOf(
  { ticketArmor }: KdcContext,
  { request, binding, channel }: SentTgsReq,
  heard: HeardError,
): TgsRefusal {
  const shown = request.tgt
  if (channel === undefined) return { refused: heard, shown }
  const { error, armored } = channel.openError(heard, binding.nonce)
  if (armored) return { refused: error, shown, isArmored: true }
  return { refused: ticketArmor?.isRequired ? { ...heard, unconfirmed: true } : heard, shown }
}

interface MadeRequest {
  readonly sent: SentTgsReq
  readonly bytes: Uint8Array
}

function makeRequest(context: KdcContext, request: TgsRequest, machine: ServiceTicket | undefined): MadeRequest {
  const { tgt } = request
  const { random, ticketArmor } = context
  const subkey = Key.random(tgt.sessionKey.etype, random)
  const binding = { nonce: newNonce(random), sessionKey: tgt.sessionKey, subkey }
  const body = reqBody(context, request, realmOf(request), binding.nonce)
  noteOptions(body.kdcOptions)
  const apReq = paTgsReq(context, tgt, subkey, body)
  const padata = request.padata?.(binding) ?? []
  const channel = request.isArmored || ticketArmor ? channelOf(context, binding, machine) : undefined
  // The data inside the armor is outside of it too, for KDCs without FAST in this exchange, such as
  // Heimdal 7. Other KDCs ignore it there.
  const armor = channel ? [channel.wrap(padata, body, apReq.padataValue)] : []
  const bytes = encode(TgsReq, { padata: [apReq, ...armor, ...padata], reqBody: body })
  return { sent: { request, binding, channel }, bytes }
}

/**
 * Returns the FAST channel of a request. Source: RFC 6113 section 5.4.1.1; with the ticket of a
 * machine: MS-KILE section 3.3.5.7.4.
 */
function channelOf(context: KdcContext, binding: RequestBinding, machine: ServiceTicket | undefined): FastChannel {
  const { subkey, sessionKey } = binding
  const { random } = context
  if (machine === undefined) return new FastChannel({ step: 'TGS', armorKey: subkeyArmor(subkey, sessionKey), random })
  const { armorKey, apReq } = armorKeyOf(context, machine)
  return new FastChannel({ step: 'TGS', armorKey: explicitArmor(armorKey, subkey), apReq, random })
}

function realmOf({ tgt }: TgsRequest): string {
  return tgt.service.name.nameString[1]
}

function reqBody({ etypes }: KdcContext, request: TgsRequest, realm: string, nonce: number): KdcReqBody {
  return {
    kdcOptions: optionsOf(request),
    realm,
    sname: request.sname,
    till: request.tgt.expiresAt,
    ...(request.options?.includes(KdcOption.RENEWABLE) && { rtime: request.tgt.renewableUntil }),
    nonce,
    etype: etypes,
    ...(request.additionalTickets && { additionalTickets: request.additionalTickets }),
  }
}

/**
 * Returns the AP-REQ of a request, with a keyed checksum of the request's body, and a subkey for
 * the reply. Source: RFC 4120 section 7.5.1.
 */
function paTgsReq({ clock, random }: KdcContext, tgt: ServiceTicket, subkey: Key, body: KdcReqBody): PaData {
  const { time, usec } = kerberosMoment(clock.now())
  const { sessionKey, client } = tgt
  const checksum = withEncoding(KdcReqBody, body, (octets) => sessionKey.checksum(KeyUsage.TGS_REQ_CHECKSUM, octets))
  const authenticator: Authenticator = {
    crealm: client.realm,
    cname: client.name,
    cksum: { cksumtype: sessionKey.checksumType, checksum },
    cusec: usec,
    ctime: time,
    subkey,
    seqNumber: newNonce(random),
  }
  const apOptions = kerberosFlags()
  const usage = KeyUsage.TGS_REQ_AUTHENTICATOR
  return {
    padataType: PaType.TGS_REQ,
    padataValue: sealApReq({ apOptions, ticket: tgt.ticket, sessionKey, authenticator, usage, random }),
  }
}
