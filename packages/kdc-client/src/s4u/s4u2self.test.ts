import {
  ApReq,
  decode,
  type EncKdcRepPart,
  encode,
  EncTgsRepPart,
  findPaData,
  kerberosFlags,
  Key,
  KeyUsage,
  KRB_ERROR_CODES,
  KrbError,
  NameType,
  openAuthenticator,
  type PaData,
  parsePrincipal,
  PaS4uX509User,
  PaType,
  type Principal,
  type PrincipalName,
  S4uOption,
  S4uUserId,
  sealEncryptedData,
  TgsRep,
  TgsReq,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { S4uUser } from '../tickets/s4u-user.js'
import { requestS4u2self } from './s4u2self.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

const NOW = Date.UTC(2026, 0, 15, 9)
const HOUR = 3_600_000
const web = parsePrincipal('web@AD.TEST')
const krbtgt = (of: string): PrincipalName => ({ nameType: 2, nameString: ['krbtgt', of] })
const certificate = Uint8Array.of(1, 2, 3)

/** What the KDC of a realm grants: for whom, to what, and whom it has signed. */
interface Grant {
  readonly client: Principal
  readonly sname: PrincipalName
  readonly signed?: Principal
}

const errorCode = KRB_ERROR_CODES.KDC_ERR_C_PRINCIPAL_UNKNOWN
const REFUSAL = { stime: NOW, susec: 0, errorCode, sname: krbtgt('AD.TEST') }

function signedBy(subkey: Key, nonce: number, user: Principal): PaData {
  const options = kerberosFlags(S4uOption.USE_REPLY_KEY_USAGE)
  const userId: S4uUserId = { nonce, cname: user.name, crealm: user.realm, options }
  const checksum = subkey.checksum(KeyUsage.PA_S4U_X509_USER_REPLY, encode(S4uUserId, userId))
  const value = { userId, checksum: { cksumtype: subkey.checksumType, checksum } }
  return { padataType: PaType.S4U_X509_USER, padataValue: encode(PaS4uX509User, value) }
}

/** KDCs of several realms that all know one session key. */
function kdcsOf(grants: Readonly<Record<string, Grant | undefined>>) {
  const sessionKey = Key.random(18)
  const asked: { realm: string; sname: PrincipalName | undefined; userId: S4uUserId; types: number[] }[] = []
  const context: KdcContext = {
    transport: async (request, { realm }) => {
      const { padata = [], reqBody } = decode(TgsReq, request)
      const apReq = decode(ApReq, findPaData(padata, PaType.TGS_REQ) ?? new Uint8Array(0))
      const { subkey } = openAuthenticator(apReq, sessionKey, KeyUsage.TGS_REQ_AUTHENTICATOR)
      if (subkey === undefined) throw new Error('no subkey')
      const { userId } = decode(PaS4uX509User, findPaData(padata, PaType.S4U_X509_USER) ?? new Uint8Array(0))
      asked.push({ realm, sname: reqBody.sname, userId, types: padata.map(({ padataType }) => padataType) })
      const grant = grants[realm]
      if (grant === undefined) return encode(KrbError, { ...REFUSAL, realm })
      const { client, sname, signed } = grant
      const encPart = { etype: 18, cipher: new Uint8Array(8) }
      const part: EncKdcRepPart = {
        ...{ key: sessionKey, lastReq: [], nonce: reqBody.nonce, flags: kerberosFlags() },
        ...{ authtime: NOW, endtime: NOW + HOUR, srealm: realm, sname },
      }
      return encode(TgsRep, {
        padata: signed ? [signedBy(subkey, reqBody.nonce, signed)] : [],
        crealm: client.realm,
        cname: client.name,
        ticket: { realm, sname, encPart },
        encPart: sealEncryptedData(encode(EncTgsRepPart, part), subkey, KeyUsage.TGS_REP_SUBKEY),
      })
    },
    clock: new KdcClock(() => NOW),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    etypes: [18],
  }
  const tgtFor = (realm: string): ServiceTicket => ({
    ...{ client: web, service: { name: krbtgt(realm), realm: 'AD.TEST' }, sessionKey, flags: kerberosFlags() },
    ticket: { realm: 'AD.TEST', sname: krbtgt(realm), encPart: { etype: 18, cipher: new Uint8Array(8) } },
    ...{ authenticatedAt: NOW, startsAt: NOW, expiresAt: NOW + HOUR },
  })
  const ask = (user: S4uUser, realm = 'AD.TEST') => requestS4u2self(context, { tgt: tgtFor(realm), service: web, user })
  return { asked, ask }
}

const alice = parsePrincipal('alice@AD.TEST')
const bob = parsePrincipal('bob@WEST.TEST')

describe('in the realm of the service', () => {
  test.each([
    [alice, true],
    [undefined, false],
  ])(
    'the service is asked for by its name, and it is told whether the KDC has signed the user (%o)',
    async (by, is) => {
      const { asked, ask } = kdcsOf({ 'AD.TEST': { client: alice, sname: web.name, ...(by && { signed: by }) } })
      expect(await ask({ principal: alice })).toMatchObject({ ticket: { client: alice }, isSigned: is })
      expect(asked.map(({ realm, sname }) => [realm, sname])).toEqual([['AD.TEST', web.name]])
    },
  )
})

test('a KDC’s no is handed on, with the ticket-granting ticket that it was shown', async () => {
  const { ask } = kdcsOf({ 'WEST.TEST': { client: web, sname: krbtgt('AD.TEST') } })
  expect(await ask({ principal: bob }, 'WEST.TEST')).toMatchObject({
    refused: { errorCode },
    shown: { service: { name: krbtgt('AD.TEST'), realm: 'WEST.TEST' } },
  })
})

describe('by way of another realm', () => {
  const enterprise = { nameType: NameType.ENTERPRISE, nameString: ['web@AD.TEST'] }
  const home = { client: bob, sname: web.name, signed: bob }

  test('the service is asked for by an enterprise name there, and the certificate shown to that KDC alone', async () => {
    const away = { client: web, sname: krbtgt('AD.TEST'), signed: bob }
    const { asked, ask } = kdcsOf({ 'WEST.TEST': away, 'AD.TEST': home })
    expect(await ask({ certificate, upn: 'bob@west.test' }, 'WEST.TEST')).toMatchObject({
      ticket: { client: bob },
      isSigned: true,
    })
    expect(asked.map(({ realm, sname }) => [realm, sname])).toEqual([
      ['WEST.TEST', enterprise],
      ['AD.TEST', web.name],
    ])
    expect(asked.map(({ userId }) => [userId.crealm, userId.cname, userId.subjectCertificate])).toEqual([
      ['WEST.TEST', undefined, certificate],
      ['WEST.TEST', bob.name, undefined],
    ])
  })

  test('its KDC has no say in whose certificate it is in a realm that is not its own', async () => {
    const away = { client: web, sname: krbtgt('AD.TEST'), signed: alice }
    const { asked, ask } = kdcsOf({ 'WEST.TEST': away, 'AD.TEST': { ...home, client: alice, signed: alice } })
    await expect(ask({ certificate }, 'WEST.TEST')).rejects.toMatchObject({
      name: 'RejectedTokenError',
      code: 'KRB_AP_ERR_BADMATCH',
      message: 'S4U2Self: the KDC of WEST.TEST says that the certificate is that of alice@AD.TEST',
      hint: 'Map the certificate to an account of WEST.TEST, or name the user.',
    })
    expect(asked.map(({ realm }) => realm)).toEqual(['WEST.TEST'])
  })

  test('a circle is told of the user', async () => {
    const away = { client: web, sname: krbtgt('WEST.TEST'), signed: bob }
    const { ask } = kdcsOf({ 'WEST.TEST': { ...away, sname: krbtgt('EAST.TEST') }, 'EAST.TEST': away })
    await expect(ask({ principal: bob }, 'WEST.TEST')).rejects.toThrow(
      'TGS: the KDCs refer bob@WEST.TEST in a circle: WEST.TEST, EAST.TEST, WEST.TEST',
    )
  })
})
