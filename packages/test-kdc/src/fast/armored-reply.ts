import { combineKeys, encode, Key, type KdcRep, KeyUsage, type KrbFastFinished, type PaData, Ticket } from '@s4u/krb5'
import type { Kdc } from '../kdc/kdc.js'
import { wholeSeconds } from '../tickets/lifetimes.js'
import { misfinished } from './misbehave-fast.js'
import type { FastChannel } from '../kdc/fast-channel.js'
import { hidesClientNames, NOBODY, sealResponse } from './response.js'

/** How a reply goes back through its channel. */
export interface ReplyArmor {
  readonly channel: FastChannel
  readonly strengthenKey: Key | undefined
  /** What the reply is sealed with. */
  readonly replyKey: Key
}

/**
 * The reply's key, made stronger by one that only the channel has seen. Source: RFC 6113 section
 * 5.4.3.
 */
export function strengthened({ misbehave, random }: Kdc, channel: FastChannel, replyKey: Key): ReplyArmor {
  if (misbehave.fastNoStrengthenKey || misbehave.fastStripped) return { channel, strengthenKey: undefined, replyKey }
  const strengthenKey = Key.random(replyKey.etype, random)
  if (misbehave.fastUnusedStrengthenKey) return { channel, strengthenKey, replyKey }
  return { channel, strengthenKey, replyKey: combineKeys(strengthenKey, replyKey, 'strengthenkey', 'replykey') }
}

type ReplyOutside = Pick<KdcRep, 'padata' | 'crealm' | 'cname'>

/**
 * What stands outside of the seal of the reply: the armor, with all that was to stand there inside
 * of it.
 */
export function armorReply(
  kdc: Kdc,
  { channel, strengthenKey }: ReplyArmor,
  reply: Omit<KdcRep, 'encPart'>,
): ReplyOutside {
  const { padata = [], crealm, cname, ticket } = reply
  if (kdc.misbehave.fastStripped) return { padata, crealm, cname }
  const finished = misfinished(finishedOf(kdc, channel, { crealm, cname, ticket }), channel, kdc.misbehave)
  const armor: PaData = sealResponse(kdc, channel, { padata, strengthenKey, finished })
  return { padata: [armor], ...(hidesClientNames(channel) ? NOBODY : { crealm, cname }) }
}

function finishedOf(
  kdc: Kdc,
  { armorKey }: FastChannel,
  { crealm, cname, ticket }: Pick<KdcRep, 'crealm' | 'cname' | 'ticket'>,
): KrbFastFinished {
  const checksum = armorKey.checksum(KeyUsage.FAST_FINISHED, encode(Ticket, ticket))
  const ticketChecksum = { cksumtype: armorKey.checksumType, checksum }
  return { timestamp: wholeSeconds(kdc.now()), usec: 0, crealm, cname, ticketChecksum }
}
