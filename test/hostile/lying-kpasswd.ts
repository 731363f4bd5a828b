import {
  ApRep,
  ApReq,
  decode,
  decodeKpasswdMessage,
  decodeKpasswdResult,
  EncApRepPart,
  encode,
  encodeKpasswdMessage,
  encodeKpasswdResult,
  EncKrbPrivPart,
  type Key,
  KeyUsage,
  type KpasswdResult,
  KrbError,
  KrbPriv,
  openApReq,
  openEncryptedData,
  sealMessage,
  type UserData,
} from '@s4u/krb5'
import type { KdcTransport } from '@s4u/kdc-client'
import type { TestRealm } from '@s4u/test-kdc'

/** An answer with its seals broken. What is changed in it is sealed again. */
export interface ToldChange {
  readonly version: number
  readonly apRep: EncApRepPart
  readonly priv: UserData
  readonly result: KpasswdResult
  /** What AP-REP and KRB-PRIV are sealed with. */
  readonly apKey: Key
  readonly privKey: Key
}

/** What a request had in it. */
export interface AskedChange {
  readonly version: number
  readonly userData: Uint8Array
  /** Octets of the KRB-PRIV. */
  readonly krbPriv: Uint8Array
  readonly sessionKey: Key
}

export type ChangeLie = (told: ToldChange, asked: AskedChange) => ToldChange

/**
 * A password server that has turned bad: it has the key of kadmin/changepw, answers as the realm's
 * own one does, and then changes one thing, so that of each check in the client it can be seen that
 * it is there.
 */
export class LyingKpasswd {
  lie: ChangeLie = (told) => told
  /** In place of an answer: what is sent, whatever was asked. */
  instead: ((asked: AskedChange, honest: Uint8Array) => Uint8Array) | undefined
  readonly asked: AskedChange[] = []
  readonly transport: KdcTransport

  constructor(realm: TestRealm) {
    this.transport = async (request) => {
      const answer = await realm.kpasswd(request)
      const { asked, subkey } = openRequest(realm, request)
      this.asked.push(asked)
      if (this.instead) return this.instead(asked, answer)
      const { version, ap, body } = decodeKpasswdMessage(answer)
      if (ap.length === 0) return answer
      const apKey = asked.sessionKey
      const apRep = decode(EncApRepPart, openEncryptedData(decode(ApRep, ap).encPart, apKey, KeyUsage.AP_REP))
      const priv = decode(EncKrbPrivPart, openEncryptedData(decode(KrbPriv, body).encPart, subkey, KeyUsage.KRB_PRIV))
      const result = decodeKpasswdResult(priv.userData)
      return sealed(this.lie({ version, apRep, priv, result, apKey, privKey: subkey }, asked))
    }
  }
}

/** A KRB-ERROR as anybody can write it, in its frame or bare. */
export function forgedError(errorCode: number, eData?: Uint8Array, eText?: string): Uint8Array {
  return encode(KrbError, {
    stime: 0,
    susec: 0,
    errorCode,
    realm: 'AD.TEST',
    sname: { nameType: 2, nameString: ['kadmin', 'changepw'] },
    ...(eData && { eData }),
    ...(eText !== undefined && { eText }),
  })
}

export function framedError(error: Uint8Array): Uint8Array {
  return encodeKpasswdMessage({ version: 1, ap: new Uint8Array(0), body: error })
}

function openRequest(realm: TestRealm, request: Uint8Array): { readonly asked: AskedChange; readonly subkey: Key } {
  const { version, ap, body } = decodeKpasswdMessage(request)
  const [{ key }] = realm.keytabFor('kadmin/changepw').entries
  const { authenticator, encTicketPart } = openApReq(decode(ApReq, ap), key)
  const { subkey } = authenticator
  if (subkey === undefined) throw new Error('the request has no subkey')
  const { userData } = decode(
    EncKrbPrivPart,
    openEncryptedData(decode(KrbPriv, body).encPart, subkey, KeyUsage.KRB_PRIV),
  )
  return { asked: { version, userData, krbPriv: body, sessionKey: encTicketPart.key }, subkey }
}

function sealed({ version, apRep, priv, result, apKey, privKey }: ToldChange): Uint8Array {
  const part = { ...priv, userData: encodeKpasswdResult(result) }
  return encodeKpasswdMessage({
    version,
    ap: encode(ApRep, { encPart: sealMessage(EncApRepPart, apRep, apKey, KeyUsage.AP_REP) }),
    body: encode(KrbPriv, { encPart: sealMessage(EncKrbPrivPart, part, privKey, KeyUsage.KRB_PRIV) }),
  })
}
