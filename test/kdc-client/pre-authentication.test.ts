import { createKdcClient, type KdcClientOptions, type KdcTransport } from '@s4u/kdc-client'
import {
  AsReq,
  decode,
  encode,
  EncryptedData,
  EtypeInfo2,
  type EtypeInfo2Entry,
  findPaData,
  formatPrincipal,
  type KdcReq,
  KdcOption,
  Key,
  Keytab,
  kerberosFlags,
  KeyUsage,
  KRB_ERROR_CODES as KRB,
  KrbError,
  MethodData,
  openEncryptedData,
  type PaData,
  PaEncTsEnc,
  PaPacRequest,
  PaType,
  TgsReq,
} from '@s4u/krb5'
import type { TestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf, userClient } from './realm-and-clients.js'

const NOW = Date.UTC(2026, 0, 15, 9)
const HOUR = 3_600_000
const API = 'HTTP/api.ad.test'
const AS_REQ = 0x6a

/** An error of nobody: none is ever signed. */
function error(code: keyof typeof KRB, more: Partial<KrbError> = {}): KrbError {
  const sname = { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }
  return { stime: NOW, susec: 0, errorCode: KRB[code], realm: 'AD.TEST', sname, ...more }
}

const methods = (...padata: readonly PaData[]): Pick<KrbError, 'eData'> => ({ eData: encode(MethodData, padata) })
const etypeInfo = (...entries: readonly EtypeInfo2Entry[]): PaData => ({
  padataType: PaType.ETYPE_INFO2,
  padataValue: encode(EtypeInfo2, entries),
})
const wantsProof = (...entries: readonly EtypeInfo2Entry[]): KrbError =>
  error('KDC_ERR_PREAUTH_REQUIRED', methods(etypeInfo(...entries)))

/**
 * Somebody who answers the first sign-in requests himself, in this order, and lets the others
 * through.
 */
function forger(realm: TestRealm, ...forged: readonly KrbError[]) {
  const requests: KdcReq[] = []
  const transport: KdcTransport = async (bytes, context) => {
    if (bytes[0] !== AS_REQ) return realm.transport(bytes, context)
    const next = forged[requests.length]
    requests.push(decode(AsReq, bytes))
    return next === undefined ? realm.transport(bytes, context) : encode(KrbError, next)
  }
  return { requests, transport }
}

const alice = (realm: TestRealm, kdc: KdcTransport, options: Partial<KdcClientOptions> = {}) =>
  userClient(realm, 'alice', { kdc, ...options })
const realmAtNine = () => adTest({ now: NOW })
const stampIn = ({ padata }: KdcReq): Uint8Array | undefined => findPaData(padata, PaType.ENC_TIMESTAMP)
const shown = (requests: readonly KdcReq[]) => requests.filter((request) => stampIn(request) !== undefined)

describe('hints in an error, of how the key is made,', () => {
  test('are followed in the order of the KDC, among the types that were offered', async () => {
    const realm = await realmAtNine()
    const salt = 'AD.TESTalice'
    const { requests, transport } = forger(
      realm,
      wantsProof({ etype: 23 }, { etype: 3, salt }, { etype: 99, salt }, { etype: 17, salt }, { etype: 18, salt }),
    )
    await alice(realm, transport).ticketFor(API)
    const stamp = decode(EncryptedData, stampIn(requests[1]) ?? new Uint8Array(0))
    expect(stamp.etype).toBe(17)
    const key = await Key.fromPassword(17, 'pw-alice', salt)
    const opened = decode(PaEncTsEnc, openEncryptedData(stamp, key, KeyUsage.PA_ENC_TIMESTAMP))
    expect(opened.patimestamp).toBe(NOW)
  })

  test('are followed only to types that the keytab has', async () => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(realm, wantsProof({ etype: 17 }, { etype: 18 }))
    const keytab = new Keytab(realm.keytabFor('web').entries.filter(({ key }) => key.etype === 18))
    await clientOf(realm, 'web', { kdc: transport, credentials: { keytab } }).ticketFor(API)
    expect(requests[0].reqBody.etype).toEqual([18])
    expect(decode(EncryptedData, stampIn(requests[1]) ?? new Uint8Array(0)).etype).toBe(18)
  })

  test('are followed only to types that the caller lets be used', async () => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(realm, wantsProof({ etype: 17 }, { etype: 18, salt: 'AD.TESTalice' }))
    await alice(realm, transport, { encryptionTypes: [18] }).ticketFor(API)
    expect(decode(EncryptedData, stampIn(requests[1]) ?? new Uint8Array(0)).etype).toBe(18)
  })

  test.each<[what: string, forged: KrbError]>([
    ['name nothing but weaker types', wantsProof({ etype: 23 }, { etype: 3 }, { etype: 1 })],
    ['name nothing', wantsProof()],
    ['are missing', error('KDC_ERR_PREAUTH_REQUIRED')],
    ['are something else', error('KDC_ERR_PREAUTH_REQUIRED', { eData: Uint8Array.of(1, 2, 3) })],
    [
      'stand in other padata',
      error('KDC_ERR_PREAUTH_REQUIRED', methods({ padataType: 11, padataValue: new Uint8Array(0) })),
    ],
  ])('that %s get no proof of the key', async (_what, forged) => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(realm, forged)
    expect(await refusalOf(alice(realm, transport).ticketFor(API))).toMatchObject({
      name: 'KdcError',
      code: 'KDC_ERR_ETYPE_NOSUPP',
      message: expect.stringMatching(/^AS: sign-in of alice@AD.TEST: KDC_ERR_PREAUTH_REQUIRED/),
      answer: expect.objectContaining({ step: 'AS', account: 'alice@AD.TEST', target: 'krbtgt' }),
    })
    expect(requests.length).toBe(1)
    expect(shown(requests)).toEqual([])
  })

  test('tell the salt of an account whose name is spelled in another way', async () => {
    const realm = await realmAtNine()
    const credentials = { principal: 'ALICE@AD.TEST', password: 'pw-alice' }
    const client = createKdcClient({ kdc: realm.transport, credentials, now: () => realm.now })
    expect(formatPrincipal((await client.ticketFor(API)).client)).toBe('ALICE@AD.TEST')
  })

  test('stand in the reply where there was no error before it', async () => {
    const users = { dora: { password: 'pw-dora', withoutPreAuthentication: true } }
    const realm = await adTest({ now: NOW, users })
    const credentials = { principal: 'DORA@AD.TEST', password: 'pw-dora' }
    const client = createKdcClient({ kdc: realm.transport, credentials, now: () => realm.now })
    expect(formatPrincipal((await client.ticketFor(API)).client)).toBe('DORA@AD.TEST')
    expect(realm.exchanges[0]).toMatchObject({ kind: 'AS', outcome: 'issued' })
  })
})

describe('errors that lead nowhere', () => {
  test('a second wish for proof, after it was given, ends the sign-in', async () => {
    const realm = await realmAtNine()
    const info = { etype: 18, salt: 'AD.TESTalice' }
    const { requests, transport } = forger(realm, wantsProof(info), wantsProof(info), wantsProof(info))
    expect(await refusalOf(alice(realm, transport).ticketFor(API))).toMatchObject({
      code: 'KDC_ERR_PREAUTH_REQUIRED',
      message: expect.stringMatching(/^AS: /),
    })
    expect(requests.length).toBe(2)
  })

  test('a wrong key that nobody has shown ends it, and no other key is tried', async () => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(realm, error('KDC_ERR_PREAUTH_FAILED'))
    const { entries } = realm.keytabFor('web')
    const older = entries.map((entry) => ({ ...entry, kvno: 0, key: Key.random(entry.key.etype) }))
    const credentials = { keytab: Keytab.merge([realm.keytabFor('web'), new Keytab(older)]) }
    const client = clientOf(realm, 'web', { kdc: transport, credentials })
    expect(await refusalOf(client.ticketFor(API))).toMatchObject({
      code: 'KDC_ERR_PREAUTH_FAILED',
      message: expect.stringMatching(/^AS: sign-in of web@AD.TEST/),
    })
    expect(requests.length).toBe(1)
  })

  test('a clock is set once, and not again', async () => {
    const realm = await realmAtNine()
    const skew = (stime: number): KrbError => error('KRB_AP_ERR_SKEW', { stime })
    const { requests, transport } = forger(realm, skew(NOW + HOUR), skew(NOW + 2 * HOUR), skew(NOW + 3 * HOUR))
    expect(await refusalOf(alice(realm, transport).ticketFor(API))).toMatchObject({
      code: 'KRB_AP_ERR_SKEW',
      message: expect.stringMatching(/^AS: /),
    })
    expect(requests.map(({ reqBody }) => reqBody.till)).toEqual([NOW + 24 * HOUR, NOW + 25 * HOUR])
  })

  test.each<[what: string, more: Partial<KrbError>, options: Partial<KdcClientOptions>]>([
    ['where the name is not to be resolved', { crealm: 'MALLORY.TEST' }, {}],
    ['that does not name one', {}, { canonicalize: true }],
    ['that was asked already', { crealm: 'AD.TEST' }, { canonicalize: true }],
  ])('another realm %s is not asked', async (_what, more, options) => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(realm, error('KDC_ERR_WRONG_REALM', more))
    expect(await refusalOf(alice(realm, transport, options).ticketFor(API))).toMatchObject({
      name: 'KdcError',
      code: 'KDC_ERR_WRONG_REALM',
      message: expect.stringMatching(/^AS: /),
    })
    expect(requests.map(({ reqBody }) => reqBody.realm)).toEqual(['AD.TEST'])
  })

  test('a policy gets one more request, for a ticket that cannot be forwarded', async () => {
    const realm = await realmAtNine()
    const policy = error('KDC_ERR_POLICY')
    const { requests, transport } = forger(realm, policy, policy, policy)
    expect(await refusalOf(alice(realm, transport).ticketFor(API))).toMatchObject({
      code: 'KDC_ERR_POLICY',
      message: expect.stringMatching(/^AS: /),
    })
    const { RENEWABLE_OK, FORWARDABLE } = KdcOption
    expect(requests.map(({ reqBody }) => reqBody.kdcOptions)).toEqual([
      kerberosFlags(RENEWABLE_OK, FORWARDABLE),
      kerberosFlags(RENEWABLE_OK),
    ])
  })

  test.each<keyof typeof KRB>([
    'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    'KDC_ERR_CLIENT_REVOKED',
    'KDC_ERR_KEY_EXPIRED',
    'KDC_ERR_ETYPE_NOSUPP',
    'KDC_ERR_MORE_PREAUTH_DATA_REQUIRED',
    'KDC_ERR_PREAUTH_EXPIRED',
    'KRB_ERR_GENERIC',
  ])('%s ends it at once, whatever e-data it has', async (code) => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(realm, error(code, methods(etypeInfo({ etype: 18 }))))
    expect(await refusalOf(alice(realm, transport).ticketFor(API))).toMatchObject({
      name: 'KdcError',
      code,
      message: expect.stringMatching(/^AS: sign-in of alice@AD.TEST/),
      answer: expect.objectContaining({ step: 'AS', account: 'alice@AD.TEST', target: 'krbtgt' }),
    })
    expect(requests.length).toBe(1)
  })
})

describe('what a client asks for', () => {
  test('at sign-in: itself, the KDC of its realm, for a day, in the types that it has keys of, with proof of the request', async () => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(realm)
    await alice(realm, transport, { encryptionTypes: [18, 17] }).ticketFor(API)
    expect(requests.length).toBe(2)
    const [first, second] = requests
    expect(first.reqBody).toEqual({
      kdcOptions: kerberosFlags(KdcOption.RENEWABLE_OK, KdcOption.FORWARDABLE),
      cname: { nameType: 1, nameString: ['alice'] },
      realm: 'AD.TEST',
      sname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] },
      till: NOW + 24 * HOUR,
      nonce: first.reqBody.nonce,
      etype: [18, 17],
    })
    expect(first.padata?.map(({ padataType }) => padataType)).toEqual([PaType.PAC_REQUEST, PaType.REQ_ENC_PA_REP])
    expect(second.padata?.map(({ padataType }) => padataType)).toEqual([
      PaType.PAC_REQUEST,
      PaType.ENC_TIMESTAMP,
      PaType.REQ_ENC_PA_REP,
    ])
    const pac = findPaData(first.padata, PaType.PAC_REQUEST) ?? new Uint8Array(0)
    expect(decode(PaPacRequest, pac)).toEqual({ includePac: true })
    expect(second.reqBody.nonce).not.toBe(first.reqBody.nonce)
    expect(Math.max(first.reqBody.nonce, second.reqBody.nonce)).toBeLessThan(2 ** 31)
  })

  test('the KDC’s own spelling of its name only where the caller wants it', async () => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(realm)
    const client = alice(realm, transport, { canonicalize: true, pac: false })
    expect(formatPrincipal((await client.ticketFor(API)).client)).toBe('alice@AD.TEST')
    const { RENEWABLE_OK, FORWARDABLE, CANONICALIZE } = KdcOption
    expect(requests[0].reqBody.kdcOptions).toEqual(kerberosFlags(RENEWABLE_OK, FORWARDABLE, CANONICALIZE))
    const pac = findPaData(requests[0].padata, PaType.PAC_REQUEST) ?? new Uint8Array(0)
    expect(decode(PaPacRequest, pac)).toEqual({ includePac: false })
  })

  test('of the KDC: as long as it has itself, forwardable if it is so itself, and each time with another nonce', async () => {
    const realm = await realmAtNine()
    const asked: KdcReq[] = []
    const kdc: KdcTransport = (bytes, context) => {
      if (bytes[0] !== AS_REQ) asked.push(decode(TgsReq, bytes))
      return realm.transport(bytes, context)
    }
    await alice(realm, kdc, { encryptionTypes: [18] }).ticketFor(API)
    await userClient(realm, 'carol', { kdc, encryptionTypes: [18] }).ticketFor(API)
    const { FORWARDABLE, CANONICALIZE } = KdcOption
    expect(asked[0].reqBody).toEqual({
      kdcOptions: kerberosFlags(FORWARDABLE, CANONICALIZE),
      realm: 'AD.TEST',
      sname: { nameType: 2, nameString: ['HTTP', 'api.ad.test'] },
      till: NOW + 10 * HOUR,
      nonce: asked[0].reqBody.nonce,
      etype: [18],
    })
    expect(asked[1].reqBody.kdcOptions).toEqual(kerberosFlags(CANONICALIZE))
    expect(asked[1].reqBody.nonce).not.toBe(asked[0].reqBody.nonce)
  })
})

describe('a cookie', () => {
  const cookie = (octet: number): PaData => ({ padataType: PaType.FX_COOKIE, padataValue: Uint8Array.of(octet) })
  const info = etypeInfo({ etype: 18, salt: 'AD.TESTalice' })
  const cookiesIn = ({ padata = [] }: KdcReq) => padata.filter(({ padataType }) => padataType === PaType.FX_COOKIE)

  test('goes back as it came, and only the last one', async () => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(
      realm,
      error('KRB_AP_ERR_SKEW', methods(cookie(1))),
      error('KDC_ERR_PREAUTH_REQUIRED', methods(info, cookie(2))),
    )
    await alice(realm, transport).ticketFor(API)
    expect(requests.map(cookiesIn)).toEqual([[], [cookie(1)], [cookie(2)]])
  })

  test('is forgotten with the sign-in', async () => {
    const realm = await realmAtNine()
    const { requests, transport } = forger(realm, error('KDC_ERR_CLIENT_REVOKED', methods(cookie(1))))
    const client = alice(realm, transport)
    await refusalOf(client.ticketFor(API))
    realm.now += 11_000
    await client.ticketFor(API)
    expect(requests.flatMap(cookiesIn)).toEqual([])
  })
})
