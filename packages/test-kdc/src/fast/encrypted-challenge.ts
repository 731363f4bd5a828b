/**
 * Encrypted challenge: client and KDC prove to each other, inside of FAST, that they know the key
 * of the client. Both seal the time with a key made of that key and the armor key.
 *
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
 * Opens the challenge, and finds the key of the account that it was made with. The encryption type
 * is that of the armor, so each key is tried.
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

/** Returns the proof that the KDC knows the key too. */
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
