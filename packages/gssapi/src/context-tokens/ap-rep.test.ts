import {
  decode,
  encode,
  EncApRepPart,
  ApRep,
  hasFlag,
  ApOption,
  Key,
  KeyUsage,
  openApReq,
  sealEncryptedData,
} from '@s4u/krb5'
import { expect, test } from 'vitest'
import { openApRep, sealApRep } from './ap-rep.js'
import { issueTicket, judge, NOW } from '../fixtures/issued-ticket.js'
import { codeOf, flip, refusalOf } from '../fixtures/octets.js'
import { createInitiator } from '../initiator.js'
import { beginNegotiation } from '../negotiation/negotiation.js'

function openedApReq(sessionEtype = 18) {
  const { credential, serviceKey } = issueTicket({ sessionEtype })
  const step = beginNegotiation(createInitiator({ ticket: credential, now: NOW, framing: 'krb5' }).token)
  if (step.status !== 'ap-req') throw new Error(step.status)
  return { sessionKey: credential.sessionKey, opened: openApReq(step.apReq, serviceKey), step, serviceKey }
}

test('an AP-REP is sealed with the session key, and repeats the times of the authenticator', () => {
  const { opened, sessionKey } = openedApReq()
  const { apRep } = sealApRep({ opened, seqNumber: 7 })
  const { encPart } = decode(ApRep, apRep)
  expect(encPart.kvno).toBeUndefined()
  const part = decode(EncApRepPart, sessionKey.open(KeyUsage.AP_REP, encPart.cipher))
  const { ctime, cusec } = opened.authenticator
  expect(part).toEqual({ ctime, cusec, subkey: undefined, seqNumber: 7 })
})

test('the subkey of the initiator is used, and not sent back', () => {
  const { opened } = openedApReq()
  const sealed = sealApRep({ opened })
  expect(sealed.contextKey).toBe(opened.authenticator.subkey)
  expect(sealed.acceptorSubkey).toBe(false)
})

test('a subkey of the acceptor becomes the key of the context, whatever its encryption type', () => {
  const { opened, sessionKey } = openedApReq(17)
  const subkey = Key.random(18)
  const sealed = sealApRep({ opened, subkey })
  expect(sealed).toMatchObject({ contextKey: subkey, acceptorSubkey: true })
  expect(openApRep(sealed.apRep, sessionKey, opened.authenticator).subkey?.equals(subkey)).toBe(true)
})

test('sequence numbers are random and leave room to count', () => {
  const { opened } = openedApReq()
  const { sequenceNumber } = sealApRep({ opened, random: (length) => new Uint8Array(length).fill(0xff) })
  expect(sequenceNumber).toBe(0x3fffffff)
})

test('an AP-REP that proves nothing is refused', () => {
  const { opened, sessionKey } = openedApReq()
  const { authenticator } = opened
  const { apRep } = sealApRep({ opened })
  const sealedAs = (ctime: number, cusec: number, key = sessionKey, usage: number = KeyUsage.AP_REP) =>
    encode(ApRep, { encPart: sealEncryptedData(encode(EncApRepPart, { ctime, cusec }), key, usage) })
  const { ctime, cusec } = authenticator
  const open = (bytes: Uint8Array) => codeOf(() => openApRep(bytes, sessionKey, authenticator))
  expect(open(sealedAs(ctime, cusec))).toBe('nothing')
  expect(open(flip(apRep, -1))).toBe('KRB_AP_ERR_MUT_FAIL')
  expect(open(sealedAs(ctime + 1000, cusec))).toBe('KRB_AP_ERR_MUT_FAIL')
  expect(open(sealedAs(ctime, (cusec + 1) % 1_000_000))).toBe('KRB_AP_ERR_MUT_FAIL')
  expect(open(sealedAs(ctime, cusec, Key.random(18)))).toBe('KRB_AP_ERR_MUT_FAIL')
  expect(open(sealedAs(ctime, cusec, Key.random(17)))).toBe('KRB_AP_ERR_MUT_FAIL')
  // Under the initiator's subkey, as some services have it.
  expect(open(sealedAs(ctime, cusec, authenticator.subkey))).toBe('KRB_AP_ERR_MUT_FAIL')
  expect(open(sealedAs(ctime, cusec, sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR))).toBe('KRB_AP_ERR_MUT_FAIL')
  expect(open(apRep.subarray(0, 20))).toBe('GSS_S_DEFECTIVE_TOKEN')
})

test('an initiator that asked for mutual authentication says so in the AP options', () => {
  const { step, serviceKey } = openedApReq()
  expect(hasFlag(step.apReq.apOptions, ApOption.MUTUAL_REQUIRED)).toBe(true)
  expect(judge(step, serviceKey).apRep).toBeDefined()
})

test('an AP-REP that proves nothing says whether it was opened, and who may have sent it', () => {
  const { opened, sessionKey } = openedApReq()
  const { ctime, cusec } = opened.authenticator
  const { apRep } = sealApRep({ opened })
  const open = (bytes: Uint8Array, sent: { ctime: number; cusec: number }) => () => openApRep(bytes, sessionKey, sent)
  expect(refusalOf(open(apRep, { ctime: ctime + 1000, cusec }))).toBe(
    'KRB_AP_ERR_MUT_FAIL: the AP-REP answers another request',
  )
  expect(refusalOf(open(flip(apRep, -1), { ctime, cusec }))).toBe(
    'KRB_AP_ERR_MUT_FAIL: the AP-REP was not made with the session key',
  )
  expect(open(flip(apRep, -1), { ctime, cusec })).toThrow(
    expect.objectContaining({
      hint: 'Whoever answered could not open the ticket: another server, or a proxy that answers in its own name.',
      cause: expect.objectContaining({ code: 'KRB_AP_ERR_BAD_INTEGRITY' }),
    }),
  )
})

test('a failure of ours is not taken for one of the peer', () => {
  const { opened } = openedApReq()
  const { apRep } = sealApRep({ opened })
  // A key without its octets: no key that a caller can make.
  const broken: Key = Object.create(Key.prototype, { etype: { value: 18 } })
  expect(() => openApRep(apRep, broken, opened.authenticator)).toThrow(TypeError)
})
