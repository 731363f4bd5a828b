import {
  ApReq,
  AsRep,
  AsReq,
  decode,
  encode,
  EncAsRepPart,
  type EncKdcRepPart,
  EncTgsRepPart,
  findPaData,
  type KdcRep,
  type KdcReq,
  type Key,
  KeyUsage,
  openAuthenticator,
  openEncryptedData,
  PaType,
  sealEncryptedData,
  TgsRep,
  TgsReq,
  type Ticket,
} from '@s4u/krb5'
import type { KdcTransport } from '@s4u/kdc-client'
import type { TestRealm } from '@s4u/test-kdc'

/** A KDC's answer with its seal broken. What is changed in it is sealed again. */
export interface Told {
  readonly reply: KdcRep
  readonly part: EncKdcRepPart
  /** What it is sealed with, and for which use. */
  readonly key: Key
  readonly usage: number
}

export type Lie = (told: Told, asked: KdcReq) => Told

const honest: Lie = (told) => told

/**
 * A KDC of the realm that has turned bad: it has all keys and seals whatever it likes, one thing at
 * a time, so that of each check in the client it can be seen that it is there. `keys` are those of
 * the clients that sign in, of any of which the reply may be.
 */
export class LyingKdc {
  asLie: Lie = honest
  tgsLie: Lie = honest
  readonly transport: KdcTransport
  private readonly sessionKeys = new Map<string, Key>()
  private readonly keys: readonly Key[]

  constructor(realm: TestRealm, keys: readonly Key[]) {
    this.keys = keys
    this.transport = async (bytes, context) => {
      const answer = await realm.transport(bytes, context)
      if (answer[0] === AS_REP) return this.retellAs(answer, decode(AsReq, bytes))
      if (answer[0] === TGS_REP) return this.retellTgs(answer, decode(TgsReq, bytes))
      return answer
    }
  }

  /** The session key of a ticket that has come by here. */
  sessionKeyOf(ticket: Ticket): Key {
    const key = this.sessionKeys.get(nameOf(ticket))
    if (key === undefined) throw new Error('the ticket has not come by here')
    return key
  }

  private retellAs(answer: Uint8Array, asked: KdcReq): Uint8Array {
    const reply = decode(AsRep, answer)
    const key = this.keys.find(({ etype }) => etype === reply.encPart.etype)
    if (key === undefined) throw new Error('no key of that client')
    const usage = KeyUsage.AS_REP
    const part = decode(EncAsRepPart, openEncryptedData(reply.encPart, key, usage))
    this.remember(reply, part)
    const told = this.asLie({ reply, part, key, usage }, asked)
    return encode(AsRep, { ...told.reply, encPart: sealed(told, encode(EncAsRepPart, told.part)) })
  }

  private retellTgs(answer: Uint8Array, asked: KdcReq): Uint8Array {
    const reply = decode(TgsRep, answer)
    const apReq = decode(ApReq, findPaData(asked.padata, PaType.TGS_REQ) ?? new Uint8Array(0))
    const sessionKey = this.sessionKeyOf(apReq.ticket)
    const { subkey: key } = openAuthenticator(apReq, sessionKey, KeyUsage.TGS_REQ_AUTHENTICATOR)
    if (key === undefined) throw new Error('the request has no subkey')
    const usage = KeyUsage.TGS_REP_SUBKEY
    const part = decode(EncTgsRepPart, openEncryptedData(reply.encPart, key, usage))
    this.remember(reply, part)
    const told = this.tgsLie({ reply, part, key, usage }, asked)
    return encode(TgsRep, { ...told.reply, encPart: sealed(told, encode(EncTgsRepPart, told.part)) })
  }

  private remember({ ticket }: KdcRep, { key }: EncKdcRepPart): void {
    this.sessionKeys.set(nameOf(ticket), key)
  }
}

function sealed({ reply, key, usage }: Told, bytes: Uint8Array) {
  return sealEncryptedData(bytes, key, usage, undefined, reply.encPart.kvno)
}

function nameOf({ encPart }: Ticket): string {
  return Buffer.from(encPart.cipher).toString('base64')
}

const AS_REP = 0x6b
const TGS_REP = 0x6d
