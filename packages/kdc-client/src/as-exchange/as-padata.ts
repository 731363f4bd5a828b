/** The pre-authentication data of an AS-REQ that is not armored. */

import {
  encode,
  EncryptedData,
  type Key,
  KeyUsage,
  type PaData,
  PaEncTsEnc,
  PaPacRequest,
  PaType,
  sealMessage,
} from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import { kerberosMoment } from '../exchange/kdc-exchange.js'

/**
 * Asks the KDC to prove, in the encrypted part of the reply, that the request was not changed.
 * Source: RFC 6806 section 11.
 */
export const WANTS_PROOF: PaData = { padataType: PaType.REQ_ENC_PA_REP, padataValue: new Uint8Array(0) }

/** Asks for a PAC, or for none. Source: MS-KILE section 2.2.3. */
export function pacRequest({ pac = true }: KdcContext): PaData {
  return { padataType: PaType.PAC_REQUEST, padataValue: encode(PaPacRequest, { includePac: pac }) }
}

/** Proves the key: the time, encrypted with the client's key. Source: RFC 4120 section 5.2.7.2. */
export function timestamp({ clock, random }: KdcContext, key: Key): PaData {
  const { time, usec } = kerberosMoment(clock.now())
  const stamp = { patimestamp: time, pausec: usec }
  const sealed = sealMessage(PaEncTsEnc, stamp, key, KeyUsage.PA_ENC_TIMESTAMP, random)
  return { padataType: PaType.ENC_TIMESTAMP, padataValue: encode(EncryptedData, sealed) }
}
