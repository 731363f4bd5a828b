import {
  ApReq,
  AsRep,
  combineKeys,
  decode,
  encode,
  EncryptedData,
  findPaData,
  type KdcRep,
  KdcReqBody,
  kerberosFlags,
  Key,
  KeyUsage,
  KrbError,
  KrbFastReq,
  KrbFastResponse,
  makeUnkeyedChecksumThatProvesNothing,
  MethodData,
  NameType,
  openAuthenticator,
  openEncryptedData,
  type PaData,
  PaEncTsEnc,
  PaFxFastReply,
  PaFxFastRequest,
  PaType,
  type PrincipalName,
  sealEncryptedData,
  sealMessage,
  Ticket,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { FastArmor } from './fast-armor.js'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

const NOW = Date.UTC(2026, 0, 15, 9)
const NONCE = 4711
const WEB: PrincipalName = { nameType: NameType.PRINCIPAL, nameString: ['web'] }
const MALLORY: PrincipalName = { nameType: NameType.PRINCIPAL, nameString: ['mallory'] }
const context: KdcContext = {
  transport: async () => new Uint8Array(0),
  clock: new KdcClock(() => NOW),
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  etypes: [18, 17],
}
const sessionKey = Key.random(18)
const longTermKey = Key.random(18)
const ticket: Ticket = {
  realm: 'AD.TEST',
  sname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] },
  encPart: sealEncryptedData(Uint8Array.of(1, 2, 3), Key.random(18), KeyUsage.TICKET),
}
const tgt: ServiceTicket = {
  client: { name: WEB, realm: 'AD.TEST' },
  service: { name: ticket.sname, realm: 'AD.TEST' },
  ticket,
  sessionKey,
  flags: kerberosFlags(),
  authenticatedAt: NOW,
  startsAt: NOW,
  expiresAt: NOW + 1000,
}
const body: KdcReqBody = {
  kdcOptions: kerberosFlags(),
  cname: WEB,
  realm: 'AD.TEST',
  sname: ticket.sname,
  till: NOW,
  nonce: NONCE,
  etype: [18],
}

/** Makes both ends of a channel: that of the client, and the key that a KDC derives for its end. */
function channel({ challenged = true } = {}) {
  const armor = new FastArmor(context, tgt)
  const proof = challenged ? [armor.challenge(longTermKey)] : []
  const request = decode(PaFxFastRequest, armor.wrap(proof, body).padataValue)
  const apReq = decode(ApReq, request.armor?.armorValue ?? new Uint8Array(0))
  const authenticator = openAuthenticator(apReq, sessionKey)
  const key = combineKeys(authenticator.subkey ?? sessionKey, sessionKey, 'subkeyarmor', 'ticketarmor')
  return { armor, key, request, authenticator }
}

type Change = Partial<KrbFastResponse> & { readonly padata?: readonly PaData[] }

function kdcChallenge(
  key: Key,
  known: Key,
  pepper = 'kdcchallengearmor',
  usage: number = KeyUsage.ENC_CHALLENGE_KDC,
): PaData {
  const challengeKey = combineKeys(key, known, pepper, 'challengelongterm')
  const sealed = sealMessage(PaEncTsEnc, { patimestamp: NOW, pausec: 0 }, challengeKey, usage)
  return { padataType: PaType.ENCRYPTED_CHALLENGE, padataValue: encode(EncryptedData, sealed) }
}

function sealedResponse(key: Key, response: KrbFastResponse, usage: number = KeyUsage.FAST_REP): PaData {
  const encFastRep = sealMessage(KrbFastResponse, response, key, usage)
  return { padataType: PaType.FX_FAST, padataValue: encode(PaFxFastReply, { encFastRep }) }
}

const issued: Ticket = { ...ticket, encPart: sealEncryptedData(Uint8Array.of(9), Key.random(18), KeyUsage.TICKET) }

function finishedWith(key: Key, of: Ticket = issued) {
  const checksum = key.checksum(KeyUsage.FAST_FINISHED, encode(Ticket, of))
  const ticketChecksum = { cksumtype: key.checksumType, checksum }
  return { timestamp: NOW, usec: 0, crealm: 'AD.TEST', cname: WEB, ticketChecksum }
}

/** Makes the response of an honest KDC, with a change. */
function responseOf(key: Key, change: Change = {}): KrbFastResponse {
  const padata = [kdcChallenge(key, longTermKey)]
  return { padata, strengthenKey: Key.random(18), finished: finishedWith(key), nonce: NONCE, ...change }
}

function replyWith(padata: readonly PaData[] | undefined, change: Partial<KdcRep> = {}): KdcRep {
  const encPart = sealEncryptedData(Uint8Array.of(1), Key.random(18), KeyUsage.AS_REP)
  return { padata, crealm: 'AD.TEST', cname: WEB, ticket: issued, encPart, ...change }
}

const opened = (armor: FastArmor, reply: KdcRep) => armor.openReply(reply, encode(AsRep, reply), NONCE)
const refusal = (code: string, message: string) =>
  expect.objectContaining({
    name: 'RejectedTokenError',
    code,
    message: `AS: the KDC's reply ${message}`,
    hint: expect.stringContaining('between here and the KDC changes replies'),
  })

describe('an armored request', () => {
  test('carries padata and body, sealed, beside a checksum of the body outside', () => {
    const { key, request, authenticator } = channel()
    const inner = decode(KrbFastReq, openEncryptedData(request.encFastReq, key, KeyUsage.FAST_ENC))
    expect(inner.reqBody).toMatchObject({ nonce: NONCE, cname: WEB })
    expect(inner.padata.map(({ padataType }) => padataType)).toEqual([PaType.ENCRYPTED_CHALLENGE])
    expect(request.reqChecksum).toEqual({
      cksumtype: key.checksumType,
      checksum: key.checksum(KeyUsage.FAST_REQ_CHECKSUM, encode(KdcReqBody, body)),
    })
    expect(authenticator).toMatchObject({ crealm: 'AD.TEST', cname: WEB, ctime: NOW })
  })

  test('proves that the client knows its key: it encrypts the time for the KDC', () => {
    const { key, request } = channel()
    const inner = decode(KrbFastReq, openEncryptedData(request.encFastReq, key, KeyUsage.FAST_ENC))
    const value = findPaData(inner.padata, PaType.ENCRYPTED_CHALLENGE) ?? new Uint8Array(0)
    const challengeKey = combineKeys(key, longTermKey, 'clientchallengearmor', 'challengelongterm')
    const stamp = openEncryptedData(decode(EncryptedData, value), challengeKey, KeyUsage.ENC_CHALLENGE_CLIENT)
    expect(decode(PaEncTsEnc, stamp).patimestamp).toBe(NOW)
  })

  test('uses a new subkey for each request', () => {
    expect(channel().key.equals(channel().key)).toBe(false)
  })
})

describe('an armored reply', () => {
  test('is accepted from an honest KDC, and the reply key is strengthened', () => {
    const { armor, key } = channel()
    const response = responseOf(key)
    const { client, strengthen, isStrengthened, padata } = opened(armor, replyWith([sealedResponse(key, response)]))
    expect(client).toEqual({ name: WEB, realm: 'AD.TEST' })
    expect(padata).toEqual(response.padata)
    const stronger = combineKeys(response.strengthenKey ?? key, longTermKey, 'strengthenkey', 'replykey')
    expect(strengthen(longTermKey).equals(stronger)).toBe(true)
    expect(isStrengthened).toBe(true)
  })

  test('may answer the challenge with a key derived as for the client’s, as Heimdal’s KDC does', () => {
    const { armor, key } = channel()
    const padata = [kdcChallenge(key, longTermKey, 'clientchallengearmor')]
    expect(opened(armor, replyWith([sealedResponse(key, responseOf(key, { padata }))])).padata).toEqual(padata)
  })

  test('may leave the key as it is, as Heimdal’s KDC does, and says so', () => {
    const { armor, key } = channel()
    const reply = replyWith([sealedResponse(key, responseOf(key, { strengthenKey: undefined }))])
    const { strengthen, isStrengthened } = opened(armor, reply)
    expect(strengthen(longTermKey)).toBe(longTermKey)
    expect(isStrengthened).toBe(false)
  })

  test('needs no challenge where none was made', () => {
    const { armor, key } = channel({ challenged: false })
    expect(opened(armor, replyWith([sealedResponse(key, responseOf(key, { padata: [] }))])).padata).toEqual([])
  })

  test('may name no client in the clear, as Heimdal’s KDC does', () => {
    const { armor, key } = channel()
    const nobody = { crealm: '', cname: { nameType: NameType.UNKNOWN, nameString: [] } }
    const reply = replyWith([sealedResponse(key, responseOf(key))], nobody)
    expect(opened(armor, reply).client).toEqual({ name: WEB, realm: 'AD.TEST' })
  })

  test.each<[what: string, change: (key: Key) => Change, code: string, message: string]>([
    [
      'with another nonce',
      () => ({ nonce: NONCE + 1 }),
      'KRB_AP_ERR_MODIFIED',
      'answers another request: the nonce inside its armor is wrong',
    ],
    [
      'without the field `finished`',
      () => ({ finished: undefined }),
      'KRB_AP_ERR_MODIFIED',
      'has no `finished`: nothing binds the ticket to the armor',
    ],
    [
      'that finishes with another ticket',
      (key) => ({ finished: finishedWith(key, ticket) }),
      'KRB_AP_ERR_MODIFIED',
      'carries another ticket than its armor says',
    ],
    [
      'that finishes with a checksum of another key',
      () => ({ finished: finishedWith(Key.random(18)) }),
      'KRB_AP_ERR_MODIFIED',
      'carries another ticket than its armor says',
    ],
    [
      'that finishes with a checksum that anybody can make',
      (key) => ({
        finished: {
          ...finishedWith(key),
          ticketChecksum: { cksumtype: 7, checksum: makeUnkeyedChecksumThatProvesNothing(7, encode(Ticket, issued)) },
        },
      }),
      'KRB_AP_ERR_INAPP_CKSUM',
      'carries another ticket than its armor says',
    ],
    [
      'that finishes with another client',
      (key) => ({ finished: { ...finishedWith(key), cname: MALLORY } }),
      'KRB_AP_ERR_MODIFIED',
      'names another client than its armor',
    ],
    [
      'that finishes with a client of another realm',
      (key) => ({ finished: { ...finishedWith(key), crealm: 'MALLORY.TEST' } }),
      'KRB_AP_ERR_MODIFIED',
      'names another client than its armor',
    ],
    [
      'without a challenge',
      () => ({ padata: [] }),
      'KRB_AP_ERR_MODIFIED',
      'does not show that the KDC knows the client’s key',
    ],
    [
      'with a challenge of another key',
      (key) => ({ padata: [kdcChallenge(key, Key.random(18))] }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'shows another key than the client’s',
    ],
    [
      'with a challenge of another channel',
      () => ({ padata: [kdcChallenge(Key.random(18), longTermKey)] }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'shows another key than the client’s',
    ],
    [
      'with the client’s own challenge',
      (key) => ({ padata: [kdcChallenge(key, longTermKey, 'clientchallengearmor', KeyUsage.ENC_CHALLENGE_CLIENT)] }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'shows another key than the client’s',
    ],
    [
      'with a challenge sealed for the use of the client’s',
      (key) => ({ padata: [kdcChallenge(key, longTermKey, 'kdcchallengearmor', KeyUsage.ENC_CHALLENGE_CLIENT)] }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'shows another key than the client’s',
    ],
  ])('%s is refused', (_what, change, code, message) => {
    const { armor, key } = channel()
    const reply = replyWith([sealedResponse(key, responseOf(key, change(key)))])
    expect(() => opened(armor, reply)).toThrow(refusal(code, message))
  })

  test.each<[what: string, padata: (key: Key) => readonly PaData[] | undefined]>([
    ['nothing', () => undefined],
    ['other padata', (key) => [kdcChallenge(key, longTermKey)]],
    [
      'an empty PA-FX-FAST, by which a KDC offers it',
      () => [{ padataType: PaType.FX_FAST, padataValue: new Uint8Array(0) }],
    ],
  ])('with %s instead of its armor is refused', (_what, padata) => {
    const { armor, key } = channel()
    expect(() => opened(armor, replyWith(padata(key)))).toThrow(
      refusal('KRB_AP_ERR_MODIFIED', 'is not armored, although the request was'),
    )
  })

  test.each<[what: string, padata: (key: Key) => PaData]>([
    ['with another key', (key) => sealedResponse(Key.random(18), responseOf(key))],
    ['with the session key', (key) => sealedResponse(sessionKey, responseOf(key))],
    ['for the use of requests', (key) => sealedResponse(key, responseOf(key), KeyUsage.FAST_ENC)],
  ])('that is armored %s is refused', (_what, padata) => {
    const { armor, key } = channel()
    expect(() => opened(armor, replyWith([padata(key)]))).toThrow(
      refusal('KRB_AP_ERR_BAD_INTEGRITY', 'is armored with another key than the request'),
    )
  })

  test.each<[what: string, change: Partial<KdcRep>]>([
    ['client', { cname: MALLORY }],
    ['realm', { crealm: 'MALLORY.TEST' }],
    ['realm alone, without a name', { crealm: 'MALLORY.TEST', cname: { nameType: 0, nameString: [] } }],
    ['client, with the empty realm', { crealm: '', cname: MALLORY }],
  ])('that names another %s in the clear is refused', (_what, change) => {
    const { armor, key } = channel()
    expect(() => opened(armor, replyWith([sealedResponse(key, responseOf(key))], change))).toThrow(
      refusal('KRB_AP_ERR_MODIFIED', 'names another client than its armor'),
    )
  })

  test('whose ticket, outside the armor, was replaced is refused', () => {
    const { armor, key } = channel()
    const reply = replyWith([sealedResponse(key, responseOf(key))], { ticket })
    expect(() => opened(armor, reply)).toThrow(
      refusal('KRB_AP_ERR_MODIFIED', 'carries another ticket than its armor says'),
    )
  })
})

describe('an armored error', () => {
  const error: KrbError = { stime: NOW, susec: 0, errorCode: 25, realm: 'AD.TEST', sname: ticket.sname }
  const other = { ...error, errorCode: 24, eText: 'from within' }
  const cookie = { padataType: PaType.FX_COOKIE, padataValue: Uint8Array.of(7) }
  const twin = { padataType: PaType.FX_ERROR, padataValue: encode(KrbError, other) }
  const around = (...padata: readonly PaData[]): KrbError => ({ ...error, eData: encode(MethodData, padata) })

  test('counts as the one within the armor, with the padata there', () => {
    const { armor, key } = channel()
    const sealed = sealedResponse(key, { padata: [twin, cookie], nonce: NONCE })
    const inside = armor.openError(around(sealed, { ...cookie, padataValue: Uint8Array.of(8) }), NONCE)
    expect(inside).toMatchObject({ armored: true, error: { errorCode: 24, eText: 'from within' } })
    expect(decode(MethodData, inside.error.eData ?? new Uint8Array(0))).toEqual([twin, cookie])
  })

  test.each<[what: string, from: KrbError]>([
    ['none', error],
    ['an offer of FAST', around({ padataType: PaType.FX_FAST, padataValue: new Uint8Array(0) })],
    ['other padata', around(cookie)],
    ['e-data that is something else', { ...error, eData: Uint8Array.of(1, 2, 3) }],
  ])('an error with %s is returned as not armored', (_what, from) => {
    expect(channel().armor.openError(from, NONCE)).toEqual({ error: from, armored: false })
  })

  test.each<[what: string, sealed: (key: Key) => PaData, code: string, message: string]>([
    [
      'that answers another request',
      (key) => sealedResponse(key, { padata: [twin], nonce: NONCE + 1 }),
      'KRB_AP_ERR_MODIFIED',
      'is an error that answers another request: the nonce inside its armor is wrong',
    ],
    [
      'without an error inside its armor',
      (key) => sealedResponse(key, { padata: [cookie], nonce: NONCE }),
      'KRB_AP_ERR_MODIFIED',
      'is an armored error without the error itself (PA-FX-ERROR)',
    ],
    [
      'of another key',
      () => sealedResponse(Key.random(18), { padata: [twin], nonce: NONCE }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'is armored with another key than the request',
    ],
  ])('%s is refused', (_what, sealed, code, message) => {
    const { armor, key } = channel()
    expect(() => armor.openError(around(sealed(key)), NONCE)).toThrow(refusal(code, message))
  })
})
