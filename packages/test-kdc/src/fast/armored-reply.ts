import { combineKeys, encode, Key, type KdcRep, KeyUsage, type KrbFastFinished, type PaData, Ticket } from '@s4u/krb5'
import type { Kdc } from '../kdc/kdc.js'
import { wholeSeconds } from '../tickets/lifetimes.js'
import { misfinished } from './misbehave-fast.js'
import type { FastChannel } from '../kdc/fast-channel.js'
import { hidesClientNames, ANONYMOUS, sealResponse } from './response.js'

/** How a reply goes back through its FAST channel. */
export interface ReplyArmor {
  readonly channel: FastChannel
  readonly strengthenKey: Key | undefined
  /** The key that seals the reply. */
  readonly replyKey: Key
}

/**
 * Strengthens the key of the reply with a new one that only the channel carries: a password that
 * was guessed does not open the reply.
 *
 * Source: RFC 6113 section 5.4.3.
 */
export function strengthened({ misbehave, random }: Kdc, channel: FastChannel, replyKey: Key): ReplyArmor {
  if (misbehave.fastNoStrengthenKey || misbehave.fastStripped) return { channel, strengthenKey: undefined, replyKey }
  const strengthenKey = Key.random(replyKey.etype, random)
  if (misbehave.fastUnusedStrengthenKey) return { channel, strengthenKey, replyKey }
  return { channel, strengthenKey, replyKey: combineKeys(strengthenKey, replyKey, 'strengthenkey', 'replykey') }
}

type ReplyOutside = Pick<KdcRep, 'padata' | 'crealm' | 'cname'>

/** Returns the reply with its padata inside the armor. */
export function armorReply(
  kdc: Kdc,
  { channel, strengthenKey }: ReplyArmor,
  reply: Omit<KdcRep, 'encPart'>,
): ReplyOutside {
  const { padata = [], crealm, cname, ticket } = reply
  if (kdc.misbehave.fastStripped) return { padata, crealm, cname }
  const finished = misfinished(finishedOf(kdc, channel, { crealm, cname, ticket }), channel, kdc.misbehave)
  const armor: PaData = sealResponse(kdc, channel, { padata, strengthenKey, finished })
  return { padata: [armor], ...(hidesClientNames(channel) ? ANONYMOUS : { crealm, cname }) }
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
