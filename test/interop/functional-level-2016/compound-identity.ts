import type { ForwardedTicket, ServiceTicket } from '@s4u/kdc-client'
import {
  type ApReq,
  type Authenticator,
  combineKeys,
  decode,
  encode,
  EncTgsRepPart,
  findPaData,
  FX_FAST_ARMOR_AP_REQUEST,
  KdcOption,
  KdcReqBody,
  kerberosFlags,
  Key,
  KeyUsage,
  KrbFastReq,
  KrbFastResponse,
  NameType,
  openEncryptedData,
  PaFxFastReply,
  PaFxFastRequest,
  PaPacOptions,
  PaType,
  sealApReq,
  sealMessage,
  type KdcRep,
  TgsRep,
  TgsReq,
} from '@s4u/krb5'
import type { Address } from '../../realms/realm-info.js'
import { askByTcp } from '../diagnosis/resigning.js'

const NONCE = 0x53345531

/**
 * A user's ticket that names the device too: the request for it is armored with the device's
 * ticket-granting ticket, which our client does at sign-in only. Source: RFC 6113 section 5.4.2,
 * MS-KILE section 3.3.5.7.4.
 */
export async function ticketFromDevice(
  kdc: Address,
  user: ForwardedTicket,
  device: ForwardedTicket,
  spn: string,
): Promise<ServiceTicket> {
  const [subkey, armorSubkey] = [Key.random(user.sessionKey.etype), Key.random(device.sessionKey.etype)]
  const explicit = combineKeys(armorSubkey, device.sessionKey, 'subkeyarmor', 'ticketarmor')
  const armorKey = combineKeys(explicit, subkey, 'explicitarmor', 'tgsarmor')
  const reqBody = bodyFor(user, spn)
  const usage = KeyUsage.TGS_REQ_AUTHENTICATOR
  const apReq = apReqOf(user, { ...checksumOf(user.sessionKey, reqBody), subkey }, usage)
  const encFastReq = sealMessage(
    KrbFastReq,
    { fastOptions: kerberosFlags(), padata: [{ padataType: PaType.PAC_OPTIONS, padataValue: CLAIMS }], reqBody },
    armorKey,
    KeyUsage.FAST_ENC,
  )
  const request = {
    armor: { armorType: FX_FAST_ARMOR_AP_REQUEST, armorValue: apReqOf(device, { subkey: armorSubkey }) },
    reqChecksum: {
      cksumtype: armorKey.checksumType,
      checksum: armorKey.checksum(KeyUsage.FAST_REQ_CHECKSUM, apReq),
    },
    encFastReq,
  }
  const padata = [
    { padataType: PaType.TGS_REQ, padataValue: apReq },
    { padataType: PaType.FX_FAST, padataValue: encode(PaFxFastRequest, request) },
  ]
  const reply = decode(TgsRep, await askByTcp(kdc, encode(TgsReq, { padata, reqBody })))
  return ticketOf(user, reply, replyKey(reply, armorKey, subkey))
}

/** Claims are asked for by the first bit. Source: MS-KILE section 2.2.10. */
const CLAIMS = encode(PaPacOptions, { flags: kerberosFlags(0) })

function bodyFor({ client, expiresAt, sessionKey }: ForwardedTicket, spn: string): KdcReqBody {
  return {
    kdcOptions: kerberosFlags(KdcOption.CANONICALIZE),
    realm: client.realm,
    sname: { nameType: NameType.SRV_INST, nameString: spn.split('/') },
    till: expiresAt,
    nonce: NONCE,
    etype: [sessionKey.etype],
  }
}

function checksumOf(key: Key, body: KdcReqBody): Pick<Authenticator, 'cksum'> {
  const checksum = key.checksum(KeyUsage.TGS_REQ_CHECKSUM, encode(KdcReqBody, body))
  return { cksum: { cksumtype: key.checksumType, checksum } }
}

function apReqOf(
  { client, ticket, sessionKey }: ForwardedTicket,
  more: Partial<Authenticator>,
  usage: number = KeyUsage.AP_REQ_AUTHENTICATOR,
): Uint8Array {
  const now = Date.now()
  const authenticator = { crealm: client.realm, cname: client.name, ctime: now - (now % 1000), cusec: 0, ...more }
  const apOptions: ApReq['apOptions'] = kerberosFlags()
  return sealApReq({ apOptions, ticket, sessionKey, authenticator, usage })
}

function replyKey({ padata }: KdcRep, armorKey: Key, subkey: Key): Key {
  const { encFastRep } = decode(PaFxFastReply, findPaData(padata, PaType.FX_FAST) ?? new Uint8Array(0))
  const { strengthenKey } = decode(KrbFastResponse, openEncryptedData(encFastRep, armorKey, KeyUsage.FAST_REP))
  return strengthenKey === undefined ? subkey : combineKeys(strengthenKey, subkey, 'strengthenkey', 'replykey')
}

function ticketOf({ client }: ForwardedTicket, { ticket, encPart }: KdcRep, key: Key): ServiceTicket {
  const part = decode(EncTgsRepPart, openEncryptedData(encPart, key, KeyUsage.TGS_REP_SUBKEY))
  return {
    client,
    service: { name: part.sname, realm: part.srealm },
    ticket,
    sessionKey: part.key,
    flags: part.flags,
    authenticatedAt: part.authtime,
    startsAt: part.starttime ?? part.authtime,
    expiresAt: part.endtime,
  }
}
