/**
 * The time, sealed with what only client, KDC and channel know together, in both directions.
 * Source: RFC 6113 section 5.4.6.
 */

import {
  combineKeys,
  decode,
  encode,
  EncryptedData,
  type Key,
  KeyUsage,
  openEncryptedData,
  type PaData,
  PaEncTsEnc,
  PaType,
  sealMessage,
} from '@s4u/krb5'
import type { Kdc } from '../kdc/kdc.js'
import { wholeSeconds } from '../tickets/lifetimes.js'
import { otherKey } from './misbehave-fast.js'
import type { FastChannel } from '../kdc/fast-channel.js'

export interface OpenedChallenge {
  readonly key: Key
  readonly time: number
}

/**
 * Which of the account's keys it was made with: its encryption type is that of the armor, and does
 * not tell.
 */
export function openChallenge(
  { armorKey }: FastChannel,
  value: Uint8Array,
  keys: readonly Key[],
): OpenedChallenge | undefined {
  const sealed = decode(EncryptedData, value)
  for (const key of keys) {
    const challengeKey = combineKeys(armorKey, key, 'clientchallengearmor', 'challengelongterm')
    const time = open(sealed, challengeKey)
    if (time !== undefined) return { key, time }
  }
  return undefined
}

/** By this the KDC shows that it knows the key as well. */
export function answerChallenge(kdc: Kdc, { armorKey }: FastChannel, key: Key): readonly PaData[] {
  const { fastNoChallenge, fastWrongChallenge } = kdc.misbehave
  if (fastNoChallenge) return []
  const known = fastWrongChallenge ? otherKey(key) : key
  const challengeKey = combineKeys(armorKey, known, 'kdcchallengearmor', 'challengelongterm')
  const stamp = { patimestamp: wholeSeconds(kdc.now()), pausec: 0 }
  const sealed = sealMessage(PaEncTsEnc, stamp, challengeKey, KeyUsage.ENC_CHALLENGE_KDC, kdc.random)
  return [{ padataType: PaType.ENCRYPTED_CHALLENGE, padataValue: encode(EncryptedData, sealed) }]
}

function open(sealed: EncryptedData, key: Key): number | undefined {
  try {
    return decode(PaEncTsEnc, openEncryptedData(sealed, key, KeyUsage.ENC_CHALLENGE_CLIENT)).patimestamp
  } catch {
    return undefined
  }
}
