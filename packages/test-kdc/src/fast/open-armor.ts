/** Opens PA-FX-FAST of a request. Source: RFC 6113 sections 5.4.1 and 5.4.2. */

import {
  ApReq,
  combineKeys,
  decode,
  elementAt,
  findPaData,
  formatPrincipal,
  FX_FAST_ARMOR_AP_REQUEST,
  type KdcReq,
  type Key,
  KeyUsage,
  type KrbFastArmor,
  type KrbFastArmoredReq,
  KrbFastReq,
  openEncryptedData,
  PaFxFastRequest,
  PaType,
  RejectedTokenError,
  verifyChecksumOfType,
} from '@s4u/krb5'
import type { Kdc } from '../kdc/kdc.js'
import { refuse } from '../kdc/refusal.js'
import { acceptGrantingTicket, type TgsHeader } from '../ticket-granting/tgs-header.js'
import type { ArmoredRequest } from '../kdc/fast-channel.js'

/**
 * Opens the armor of an AS-REQ. Undefined for a request without armor, and where this KDC does not
 * know FAST. `bytes` is the request as sent.
 */
export function openArmoredAsReq(kdc: Kdc, sent: KdcReq, bytes: Uint8Array): ArmoredRequest | undefined {
  const armored = findArmored(kdc, sent)
  if (armored === undefined) return undefined
  const { armorKey, device } = explicitArmor(kdc, armored.armor)
  return openRequest(armored, armorKey, elementAt(bytes, 'AS-REQ.req-body', 0x6a, 0x30, 0xa4), device)
}

/**
 * Opens the armor of a TGS-REQ. Its key is made of the subkey of the authenticator, and its
 * checksum covers PA-TGS-REQ.
 */
export function openArmoredTgsReq(kdc: Kdc, sent: KdcReq, header: TgsHeader): ArmoredRequest | undefined {
  const armored = findArmored(kdc, sent)
  if (armored === undefined) return undefined
  const { subkey, ticket } = header
  if (armored.armor !== undefined && !kdc.compoundIdentity)
    refuse('KDC_ERR_PREAUTH_FAILED', 'a TGS request is its own armor')
  if (subkey === undefined) refuse('KDC_ERR_PREAUTH_FAILED', 'an armored TGS request needs a subkey')
  const apReq = findPaData(sent.padata, PaType.TGS_REQ) ?? new Uint8Array(0)
  if (armored.armor === undefined) return openRequest(armored, armorKeyOf(subkey, ticket.key), apReq)
  const { armorKey, device } = explicitArmor(kdc, armored.armor)
  return openRequest(armored, combineKeys(armorKey, subkey, 'explicitarmor', 'tgsarmor'), apReq, device)
}

function findArmored({ fast }: Kdc, { padata }: KdcReq): KrbFastArmoredReq | undefined {
  const value = fast === 'off' ? undefined : findPaData(padata, PaType.FX_FAST)
  return value && decode(PaFxFastRequest, value)
}

/** Opens the AP-REQ that carries an armor ticket. Source: RFC 6113 section 5.4.1.1. */
function explicitArmor(kdc: Kdc, armor: KrbFastArmor | undefined): { armorKey: Key; device: string } {
  if (armor === undefined) return refuse('KDC_ERR_PREAUTH_FAILED', 'the request is armored with nothing')
  if (armor.armorType !== FX_FAST_ARMOR_AP_REQUEST)
    refuse('KDC_ERR_PREAUTH_FAILED', `nobody knows the armor type ${armor.armorType}`)
  const { ticket, authenticator } = acceptGrantingTicket(
    kdc,
    decode(ApReq, armor.armorValue),
    KeyUsage.AP_REQ_AUTHENTICATOR,
  )
  const { subkey } = authenticator
  if (subkey === undefined) return refuse('KDC_ERR_PREAUTH_FAILED', 'the armor has no subkey')
  const device = formatPrincipal({ name: ticket.cname, realm: ticket.crealm })
  return { armorKey: armorKeyOf(subkey, ticket.key), device }
}

function armorKeyOf(subkey: Key, sessionKey: Key): Key {
  return combineKeys(subkey, sessionKey, 'subkeyarmor', 'ticketarmor')
}

/**
 * Opens the armored request. The checksum over `covered` (the outer body, or PA-TGS-REQ) binds it
 * to the rest of the message.
 */
function openRequest(
  { reqChecksum, encFastReq }: KrbFastArmoredReq,
  armorKey: Key,
  covered: Uint8Array,
  device?: string,
): ArmoredRequest {
  const { cksumtype, checksum } = reqChecksum
  const { fastOptions, padata, reqBody } = judge(() => {
    verifyChecksumOfType(armorKey, cksumtype, KeyUsage.FAST_REQ_CHECKSUM, covered, checksum)
    return decode(KrbFastReq, openEncryptedData(encFastReq, armorKey, KeyUsage.FAST_ENC))
  })
  const channel = { armorKey, nonce: reqBody.nonce, client: reqBody.cname, fastOptions, device }
  return { channel, request: { padata, reqBody } }
}

function judge<T>(open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof RejectedTokenError)) throw error
    const code = error.code === 'KRB_AP_ERR_INAPP_CKSUM' ? error.code : 'KRB_AP_ERR_MODIFIED'
    return refuse(code, 'the armored request is not what was sealed and signed')
  }
}
