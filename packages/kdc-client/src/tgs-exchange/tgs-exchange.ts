/**
 * The Ticket-Granting Service exchange: one request, one checked reply. Source: RFC 4120 section
 * 3.3.
 */

import {
  type Authenticator,
  encode,
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
 * The KDC's no, and the ticket-granting ticket that it was shown: of several on the way to another
 * realm, the last.
 */
export interface TgsRefusal {
  readonly refused: HeardError
  readonly shown: ServiceTicket
  /** It came in the armor of the request, which nobody but the KDC can make. */
  readonly isArmored?: boolean
}

/**
 * Ends of validity asked for: as long as the ticket-granting ticket, which the KDC enforces anyway.
 * Where a machine's armor is answered in the clear, it is asked without: some KDCs do not take it
 * here, and it adds to what is granted.
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
      // Anybody can write a datagram that does not open.
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
  // What is inside stands outside too, for KDCs that know no FAST here, as Heimdal 7: others pass
  // it over.
  const armor = channel ? [channel.wrap(padata, body, apReq.padataValue)] : []
  const bytes = encode(TgsReq, { padata: [apReq, ...armor, ...padata], reqBody: body })
  return { sent: { request, binding, channel }, bytes }
}

/** Source: RFC 6113 section 5.4.1.1; with a machine's ticket: MS-KILE section 3.3.5.7.4. */
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
    nonce,
    etype: etypes,
    ...(request.additionalTickets && { additionalTickets: request.additionalTickets }),
  }
}

/**
 * The AP-REQ that carries the request, with a keyed checksum over its body and a subkey for the
 * reply. Source: RFC 4120 section 7.5.1.
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
