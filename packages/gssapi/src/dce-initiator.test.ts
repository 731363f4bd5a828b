import {
  ApRep,
  ApReq,
  decode,
  EncApRepPart,
  encode,
  Key,
  KeyUsage,
  KrbError,
  type OpenedApReq,
  openApReq,
  openEncryptedData,
  sealMessage,
} from '@s4u/krb5'
import { beforeEach, describe, expect, test } from 'vitest'
import { readAuthenticatorChecksum } from './context-tokens/authenticator-checksum.js'
import { sealApRep } from './context-tokens/ap-rep.js'
import { ContextFlag } from './context-tokens/context-flags.js'
import { createDceInitiator, type DceInitiator } from './dce-initiator.js'
import { issueTicket, NOW } from './fixtures/issued-ticket.js'
import { concat } from './framing/octets.js'
import type { DceContext, DceMessage } from './per-message/dce-messages.js'

const SERVER_SEQUENCE = 0x1234_5678
const PARTS: DceMessage = {
  before: new Uint8Array(24).fill(1),
  message: new Uint8Array(32).fill(2),
  after: new Uint8Array(8).fill(3),
}

let initiator: DceInitiator
let opened: OpenedApReq
let sessionKey: Key

beforeEach(() => {
  const { credential, serviceKey } = issueTicket()
  sessionKey = credential.sessionKey
  initiator = createDceInitiator({ ticket: credential, now: NOW })
  opened = openApReq(decode(ApReq, initiator.token), serviceKey)
})

/** What a server says to the AP-REQ. */
const answer = (subkey?: Key): Uint8Array =>
  sealApRep({ opened, seqNumber: SERVER_SEQUENCE, ...(subkey && { subkey }) }).apRep

describe('the three legs', () => {
  test('begin with a bare AP-REQ that says DCE_STYLE and MUTUAL', () => {
    expect(initiator.token[0]).toBe(0x6e)
    const { flags } = readAuthenticatorChecksum(opened.authenticator)
    const { DCE_STYLE, MUTUAL, CONF, INTEG, REPLAY, SEQUENCE } = ContextFlag
    expect(flags).toBe(DCE_STYLE | MUTUAL | CONF | INTEG | REPLAY | SEQUENCE)
  })

  test('end with an AP-REP that repeats the number of the server, under the session key', () => {
    const { token } = initiator.step(answer(Key.random(18)))
    const { encPart } = decode(ApRep, token)
    const part = decode(EncApRepPart, openEncryptedData(encPart, sessionKey, KeyUsage.AP_REP))
    expect(part).toMatchObject({ seqNumber: SERVER_SEQUENCE, subkey: undefined })
    expect(part.ctime).toBe(NOW)
  })

  test('are refused where the server answers another request', () => {
    const { ctime, cusec } = opened.authenticator
    const part: EncApRepPart = { ctime: ctime + 1_000, cusec, subkey: undefined, seqNumber: 1 }
    const encPart = sealMessage(EncApRepPart, part, sessionKey, KeyUsage.AP_REP)
    expect(() => initiator.step(encode(ApRep, { encPart }))).toThrow('the AP-REP answers another request')
  })

  test('are refused where the server does not know the session key', () => {
    const { ctime, cusec } = opened.authenticator
    const part: EncApRepPart = { ctime, cusec, subkey: undefined, seqNumber: 1 }
    const encPart = sealMessage(EncApRepPart, part, Key.random(18), KeyUsage.AP_REP)
    expect(() => initiator.step(encode(ApRep, { encPart }))).toThrow(
      expect.objectContaining({ code: 'KRB_AP_ERR_MUT_FAIL', status: 502 }),
    )
  })

  test('are refused with the reason that the server gives', () => {
    const stime = { stime: NOW, susec: 0, realm: 'AD.TEST', sname: { nameType: 2, nameString: ['host', 'dc1'] } }
    const refusal = encode(KrbError, { errorCode: 37, ...stime })
    expect(() => initiator.step(refusal)).toThrow(expect.objectContaining({ code: 'KRB_AP_ERR_SKEW', status: 502 }))
  })

  test('are refused where the server chooses a key that cannot sign headers', () => {
    expect(() => initiator.step(answer(Key.random(23)))).toThrow('the server chose a key of rc4-hmac')
    expect(() => initiator.step(answer(Key.random(18)))).toThrow('an initiator takes one reply')
  })
})

describe.each([
  ['the subkey of the server', Key.random(17)],
  ['the subkey of the initiator', undefined],
])('messages under %s', (_name, subkey) => {
  let context: DceContext
  let key: Key
  beforeEach(() => {
    ;({ context } = initiator.step(answer(subkey)))
    key = subkey ?? opened.authenticator.subkey ?? sessionKey
  })

  const covered =
    ({ before, after }: DceMessage, length = PARTS.message.length) =>
    (plaintext: Uint8Array): Uint8Array =>
      concat(before, plaintext.subarray(0, length), after, plaintext.subarray(length))

  /** The 16 octets of RFC 4121 section 4.2.6.2, with EC 16. */
  function header(fromServer: boolean, rotation: number, sequence: number): Uint8Array {
    const octets = new Uint8Array(16)
    octets.set([5, 4, (fromServer ? 1 : 0) | 2 | (subkey === undefined ? 0 : 4), 0xff, 0, 16, 0, rotation])
    new DataView(octets.buffer).setUint32(12, sequence)
    return octets
  }

  /** A message as a server makes it: rotated to the right by EC and RRC. */
  function fromServer(sequence: number, sealedSequence = sequence) {
    const plaintext = concat(PARTS.message, new Uint8Array(16), header(true, 0, sealedSequence))
    const ciphertext = key.seal(KeyUsage.ACCEPTOR_SEAL, plaintext, undefined, covered(PARTS))
    const token = concat(header(true, 28, sequence), ciphertext.subarray(48), ciphertext.subarray(0, 16))
    return { sealed: ciphertext.subarray(16, 48), token }
  }

  test('are sealed with a token of 76 octets, and the headers around are signed', () => {
    const { sealed, token } = context.seal(PARTS)
    expect([sealed.length, token.length]).toEqual([32, 76])
    const { seqNumber = 0 } = opened.authenticator
    expect(token.subarray(0, 16)).toEqual(header(false, 28, seqNumber))
    const ciphertext = concat(token.subarray(60), sealed, token.subarray(16, 60))
    const plaintext = key.open(KeyUsage.INITIATOR_SEAL, ciphertext, covered(PARTS))
    expect(plaintext).toEqual(concat(PARTS.message, new Uint8Array(16), header(false, 0, seqNumber)))
    const changed = covered({ ...PARTS, before: new Uint8Array(24) })
    expect(() => key.open(KeyUsage.INITIATOR_SEAL, ciphertext, changed)).toThrow('does not verify')
    expect(context.seal(PARTS).token.subarray(0, 16)).toEqual(header(false, 28, seqNumber + 1))
  })

  test('of the server are opened in their order', () => {
    for (const sequence of [SERVER_SEQUENCE, SERVER_SEQUENCE + 1]) {
      const { sealed, token } = fromServer(sequence)
      expect(context.open({ ...PARTS, message: sealed }, token)).toEqual(PARTS.message)
    }
  })

  test.each([
    ['comes twice, or out of turn', () => fromServer(SERVER_SEQUENCE + 1), 'KRB_AP_ERR_BADORDER'],
    ['has another number than was sealed', () => fromServer(SERVER_SEQUENCE, 9), 'KRB_AP_ERR_MODIFIED'],
    ['is one of our own', () => context.seal(PARTS), 'KRB_AP_ERR_BADDIRECTION'],
    [
      'has a token of another length',
      () => ({ ...fromServer(SERVER_SEQUENCE), token: new Uint8Array(75) }),
      'GSS_S_DEFECTIVE_TOKEN',
    ],
  ])('a message that %s is refused', (_what, make, code) => {
    const { sealed, token } = make()
    const open = (): Uint8Array => context.open({ ...PARTS, message: sealed }, token)
    expect(open).toThrow(expect.objectContaining({ code, status: 502 }))
  })

  test('a message with any octet changed is refused: its own, of the token, or of the headers', () => {
    const { sealed, token } = fromServer(SERVER_SEQUENCE)
    const whole = concat(PARTS.before, sealed, PARTS.after, token)
    for (let at = 0; at < whole.length; at++) {
      const octets = whole.slice()
      octets[at] ^= 1
      const [before, message, after] = [octets.subarray(0, 24), octets.subarray(24, 56), octets.subarray(56, 64)]
      const open = (): Uint8Array => context.open({ before, message, after }, octets.subarray(64))
      expect(open, `octet ${at}`).toThrow(/does not verify|another|our own|other header/)
    }
    expect(context.open({ ...PARTS, message: sealed }, token)).toEqual(PARTS.message)
  })
})
