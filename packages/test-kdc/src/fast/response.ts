import {
  encode,
  hasFlag,
  type Key,
  KeyUsage,
  KrbFastResponse,
  NameType,
  type PaData,
  PaFxFastReply,
  PaType,
  type PrincipalName,
  sealMessage,
} from '@s4u/krb5'
import type { Kdc } from '../kdc/kdc.js'
import { otherKey } from './misbehave-fast.js'
import { type FastChannel, FastOption } from '../kdc/fast-channel.js'

/** Seals PA-FX-FAST of a reply or an error. Source: RFC 6113 section 5.4.3. */
export function sealResponse(kdc: Kdc, channel: FastChannel, response: Omit<KrbFastResponse, 'nonce'>): PaData {
  const { fastWrongNonce, fastWrongKey } = kdc.misbehave
  const nonce = fastWrongNonce ? (channel.nonce + 1) % 2 ** 31 : channel.nonce
  const key: Key = fastWrongKey ? otherKey(channel.armorKey) : channel.armorKey
  const encFastRep = sealMessage(KrbFastResponse, { ...response, nonce }, key, KeyUsage.FAST_REP, kdc.random)
  return { padataType: PaType.FX_FAST, padataValue: encode(PaFxFastReply, { encFastRep }) }
}

/** Says whether the client asks that its name is not sent in the clear. */
export function hidesClientNames({ fastOptions }: FastChannel): boolean {
  return hasFlag(fastOptions, FastOption.HIDE_CLIENT_NAMES)
}

/** The name that stands in the clear in place of a hidden one. Source: RFC 8062 section 3. */
export const ANONYMOUS: { readonly cname: PrincipalName; readonly crealm: string } = {
  cname: { nameType: NameType.WELLKNOWN, nameString: ['WELLKNOWN', 'ANONYMOUS'] },
  crealm: 'WELLKNOWN:ANONYMOUS',
}
