import {
  AsRep,
  encode,
  EncAsRepPart,
  EncTgsRepPart,
  hasFlag,
  Key,
  type PaData,
  type PrincipalName,
  sealEncryptedData,
  TgsRep,
  TicketFlag,
} from '@s4u/krb5'
import { armorReply, type ReplyArmor } from '../fast/armored-reply.js'
import type { Exchange, Kdc } from '../kdc/kdc.js'
import type { Grant } from '../tickets/grant.js'
import { misname, missealed, sessionKeyTypeFor } from '../kdc/misbehave.js'
import { sealTicket } from '../tickets/ticket-seal.js'

/** How the reply is sealed, and what it carries beside the ticket. */
export interface ReplySeal {
  readonly message: 'AS' | 'TGS'
  readonly nonce: number
  readonly key: Key
  readonly usage: number
  readonly kvno?: number
  readonly padata?: readonly PaData[]
  /** The FAST armor of the reply. */
  readonly armor?: ReplyArmor
  readonly encryptedPaData?: readonly PaData[]
}

/**
 * Issues a ticket: returns the AS-REP or TGS-REP, and notes the ticket in the journal.
 *
 * Source: RFC 4120 sections 3.1.3 and 3.3.3.
 */
export function issue(kdc: Kdc, grant: Grant, seal: ReplySeal, exchange: Exchange): Uint8Array {
  const { target, times, addresses, sessionKeyType, ...contents } = grant
  const names = misname({ crealm: grant.crealm, cname: grant.cname, sname: target.sname }, kdc.misbehave)
  const key = Key.random(sessionKeyTypeFor(sessionKeyType, kdc.misbehave), kdc.random)
  const { crealm, cname, sname } = names
  const ticket = sealTicket(kdc, { ...target, sname }, { ...contents, ...times, crealm, cname, key, caddr: addresses })
  exchange.outcome ??= 'issued'
  exchange.ticketEncryptionType = target.key.etype
  exchange.sessionKeyType = key.etype
  exchange.forwardable = hasFlag(grant.flags, TicketFlag.FORWARDABLE)
  const encPart = sealPart(kdc, grant, seal, key, sname)
  const { padata, armor } = seal
  const plain = { padata, crealm, cname, ticket }
  const outside = armor === undefined ? plain : armorReply(kdc, armor, plain)
  return encode(seal.message === 'AS' ? AsRep : TgsRep, { ...outside, ticket, encPart })
}

function sealPart(kdc: Kdc, grant: Grant, seal: ReplySeal, key: Key, sname: PrincipalName) {
  const { flags, authtime, target, times, addresses } = grant
  const { nonce, encryptedPaData } = seal
  const lastReq = [{ lrType: 0, lrValue: authtime }]
  const part = {
    key,
    lastReq,
    nonce,
    flags,
    authtime,
    ...times,
    srealm: target.realm,
    sname,
    caddr: addresses,
    encryptedPaData,
  }
  const bytes = encode(seal.message === 'AS' ? EncAsRepPart : EncTgsRepPart, missealed(part, kdc.misbehave))
  return sealEncryptedData(bytes, seal.key, seal.usage, kdc.random, seal.kvno)
}
