import {
  type Authenticator,
  AuthorizationData,
  encode,
  hasFlag,
  KdcOption,
  Key,
  KeyUsage,
  PaPacRequest,
  PaType,
  sealEncryptedData,
  TgsReq,
  decode,
  TicketFlag,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { createAd, HOUR, krbtgtKey, NINE } from '../fixtures/ad-realm.js'
import {
  openAsService,
  principal,
  requestTicket,
  signInWithPassword,
  spn,
  tgsRequest,
  exchange,
} from '../fixtures/bare-client.js'
import { encodeWithoutPac } from '../tickets/ticket-seal.js'

const realm = await createAd()
const tgt = await signInWithPassword(realm, 'alice', 'wonderland', {
  options: [KdcOption.FORWARDABLE, KdcOption.PROXIABLE, KdcOption.RENEWABLE],
})
const web = spn('HTTP/web.ad.test')

describe('the TGS exchange', () => {
  test('gives a ticket whose PAC carries all four signatures', async () => {
    const ticket = await requestTicket(realm, tgt, web)
    const { part, pac } = openAsService(realm, 'web', ticket)
    expect(part).toMatchObject({ cname: principal('alice'), crealm: 'AD.TEST', authtime: NINE })
    pac.verifyKdcChecksum(krbtgtKey(realm))
    pac.verifyFullChecksum(krbtgtKey(realm))
    pac.verifyTicketChecksum(krbtgtKey(realm), encodeWithoutPac(part))
    expect(pac.requestor).toBeUndefined()
    expect(pac.attributes).toBeUndefined()
    expect(pac.sids()).toContain(realm.sidOf('Sales'))
  })

  test('finds SPNs in any case and echoes them as asked, hosts for common classes, and account names', async () => {
    expect((await requestTicket(realm, tgt, spn('http/WEB.ad.test'))).ticket.sname).toEqual(spn('http/WEB.ad.test'))
    openAsService(realm, 'data', await requestTicket(realm, tgt, spn('cifs/data.ad.test')))
    openAsService(realm, 'web', await requestTicket(realm, tgt, principal('web')))
  })

  test('answers under the subkey, or the session key when there is none', async () => {
    await expect(requestTicket(realm, tgt, web, { subkey: null })).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
    await expect(requestTicket(realm, tgt, web, { subkey: Key.random(17) })).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
  })

  test.each([
    ['old', [18, 23], 23, 23],
    ['mixed', [18, 23], 23, 18],
    ['modern', [20, 18], 20, 20],
    ['modern', [19, 20], 20, 19],
    ['web', [17, 18], 18, 17],
    ['web', [23, 17], 18, 17],
  ])(
    'chooses keys for %s when %j is offered: ticket %i, session key %i',
    async (service, etypes, ticketType, sessionType) => {
      const { ticket, part } = await requestTicket(realm, tgt, principal(service), { etypes })
      expect([ticket.encPart.etype, part.key.etype]).toEqual([ticketType, sessionType])
    },
  )

  test('refuses encryption types that the service cannot use', async () => {
    await expect(requestTicket(realm, tgt, principal('old'), { etypes: [18, 17] })).rejects.toThrow(
      'KDC_ERR_ETYPE_NOSUPP',
    )
    await expect(requestTicket(realm, tgt, web, { etypes: [23] })).rejects.toThrow('KDC_ERR_ETYPE_NOSUPP')
  })

  test('says which services may be delegated to, and what they support', async () => {
    const { part } = await requestTicket(realm, tgt, principal('modern'), { etypes: [20] })
    expect(hasFlag(part.flags, TicketFlag.OK_AS_DELEGATE)).toBe(true)
    const { part: other } = await requestTicket(realm, tgt, web)
    expect(hasFlag(other.flags, TicketFlag.OK_AS_DELEGATE)).toBe(false)
    expect(other.encryptedPaData).toEqual([
      { padataType: PaType.SUPPORTED_ENCTYPES, padataValue: Uint8Array.of(0x18, 0, 0, 0) },
    ])
  })

  test('never gives more time than the TGT has', async () => {
    const short = await signInWithPassword(realm, 'alice', 'wonderland', { till: NINE + HOUR })
    expect((await requestTicket(realm, short, web)).part.endtime).toBe(NINE + HOUR)
  })

  test('leaves the PAC out where the client declined it', async () => {
    const padata = [{ padataType: PaType.PAC_REQUEST, padataValue: encode(PaPacRequest, { includePac: false }) }]
    const without = await signInWithPassword(realm, 'alice', 'wonderland', { padata })
    const ticket = await requestTicket(realm, without, web)
    expect(() => openAsService(realm, 'web', ticket)).toThrow('no PAC')
  })

  test('passes on the authorization data of the client, behind the PAC', async () => {
    const subkey = Key.random(18)
    const { bytes } = tgsRequest(realm, tgt, web, { subkey })
    const request = decode(TgsReq, bytes)
    expect(request.reqBody.encAuthorizationData).toBeUndefined()
    const data = encode(AuthorizationData, [{ adType: 999, adData: Uint8Array.of(1) }])
    const encAuthorizationData = sealEncryptedData(data, subkey, KeyUsage.TGS_REQ_AUTHDATA_SUBKEY)
    const { part } = openAsService(realm, 'web', await requestTicket(realm, tgt, web, { subkey, encAuthorizationData }))
    expect(part.authorizationData?.map(({ adType }) => adType)).toEqual([1, 999])
    const wrong = sealEncryptedData(data, subkey, KeyUsage.TGS_REQ_AUTHDATA_SESSION_KEY)
    await expect(requestTicket(realm, tgt, web, { subkey, encAuthorizationData: wrong })).rejects.toThrow(
      'KRB_AP_ERR_BAD_INTEGRITY',
    )
  })
})

describe('renewing and forwarding', () => {
  const krbtgt = principal('krbtgt', 'AD.TEST')

  test('renews a TGT for its old lifetime', async () => {
    await using later = await createAd()
    const old = await signInWithPassword(later, 'alice', 'wonderland')
    later.now = NINE + 2 * HOUR
    const renewed = await requestTicket(later, old, krbtgt, { options: [KdcOption.RENEW] })
    expect(renewed.part).toMatchObject({ authtime: NINE, endtime: NINE + 12 * HOUR, renewTill: NINE + 168 * HOUR })
    later.now = NINE + 11 * HOUR
    await expect(requestTicket(later, renewed, web)).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
    await expect(requestTicket(later, old, krbtgt, { options: [KdcOption.RENEW] })).rejects.toThrow(
      'KRB_AP_ERR_TKT_EXPIRED',
    )
  })

  test('refuses to renew what is not renewable, or another ticket', async () => {
    const plain = await signInWithPassword(realm, 'alice', 'wonderland', { options: [] })
    await expect(requestTicket(realm, plain, krbtgt, { options: [KdcOption.RENEW] })).rejects.toThrow(
      'KDC_ERR_BADOPTION',
    )
    await expect(requestTicket(realm, tgt, web, { options: [KdcOption.RENEW] })).rejects.toThrow(
      'KDC_ERR_SERVER_NOMATCH',
    )
  })

  test('forwards a forwardable TGT and no other', async () => {
    const options = [KdcOption.FORWARDED, KdcOption.FORWARDABLE]
    const { part } = await requestTicket(realm, tgt, krbtgt, { options })
    expect(hasFlag(part.flags, TicketFlag.FORWARDED)).toBe(true)
    const carol = await signInWithPassword(realm, 'carol', 'secret')
    await expect(requestTicket(realm, carol, krbtgt, { options })).rejects.toThrow('KDC_ERR_BADOPTION')
  })

  test('refuses to renew when the time for that is over, though the TGT itself is still good', async () => {
    await using later = await createAd()
    const mine = await signInWithPassword(later, 'alice', 'wonderland', { rtime: NINE + HOUR })
    later.now = NINE + HOUR
    await expect(requestTicket(later, mine, krbtgt, { options: [KdcOption.RENEW] })).rejects.toThrow(
      'KRB_AP_ERR_TKT_EXPIRED',
    )
    expect(later.exchanges.at(-1)).toMatchObject({ kind: 'renewal', reason: 'the time for renewal is over' })
    await expect(requestTicket(later, mine, web)).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
  })

  test('gives proxies of services, not of the KDC', async () => {
    const { part } = await requestTicket(realm, tgt, web, { options: [KdcOption.PROXY] })
    expect(hasFlag(part.flags, TicketFlag.PROXY)).toBe(true)
    await expect(requestTicket(realm, tgt, krbtgt, { options: [KdcOption.PROXY] })).rejects.toThrow('KDC_ERR_BADOPTION')
    await expect(requestTicket(realm, tgt, krbtgt, { options: [KdcOption.VALIDATE] })).rejects.toThrow(
      'KDC_ERR_BADOPTION',
    )
  })
})

describe('the TGS exchange refuses', () => {
  test.each([
    ['an unknown service', spn('HTTP/nowhere.ad.test'), 'KDC_ERR_S_PRINCIPAL_UNKNOWN'],
    ['an unknown realm', principal('krbtgt', 'NOWHERE.TEST'), 'KDC_ERR_S_PRINCIPAL_UNKNOWN'],
    ['a user as service', principal('bob'), 'KDC_ERR_S_PRINCIPAL_UNKNOWN'],
    ['no service', undefined, 'KDC_ERR_S_PRINCIPAL_UNKNOWN'],
    ['an empty name', { nameType: 1, nameString: [] }, 'KDC_ERR_S_PRINCIPAL_UNKNOWN'],
  ])('%s', async (_title, name, message) => {
    await expect(requestTicket(realm, tgt, name)).rejects.toThrow(message)
  })

  test.each([
    ['another client in the authenticator', { cname: principal('bob') }, 'KRB_AP_ERR_BADMATCH'],
    ['another realm in the authenticator', { crealm: 'OTHER.TEST' }, 'KRB_AP_ERR_BADMATCH'],
    ['a clock that is six minutes off', { ctime: NINE + 6 * 60_000 }, 'KRB_AP_ERR_SKEW'],
    ['a body without checksum', { cksum: undefined }, 'KRB_AP_ERR_INAPP_CKSUM'],
    ['a wrong checksum', { cksum: { cksumtype: 16, checksum: new Uint8Array(12) } }, 'KRB_AP_ERR_MODIFIED'],
    ['an unkeyed checksum', { cksum: { cksumtype: 7, checksum: new Uint8Array(16) } }, 'KRB_AP_ERR_INAPP_CKSUM'],
  ])('%s', async (_title, change, message) => {
    const authenticator = (value: Authenticator): Authenticator => ({ ...value, ...change })
    await expect(requestTicket(realm, tgt, web, { authenticator })).rejects.toThrow(message)
  })

  test('not an unkeyed checksum where that is allowed, as Windows clients send it', async () => {
    await using windows = await createAd({ dangerouslyAcceptUnkeyedChecksums: true })
    const mine = await signInWithPassword(windows, 'alice', 'wonderland')
    await expect(requestTicket(windows, mine, web, { checksumType: 7 })).resolves.toMatchObject({
      reply: { cname: { nameString: ['alice'] } },
    })
  })

  test('an expired TGT, to the second', async () => {
    await using late = await createAd()
    const mine = await signInWithPassword(late, 'alice', 'wonderland')
    late.now = NINE + 10 * HOUR
    await expect(requestTicket(late, mine, web)).rejects.toThrow('KRB_AP_ERR_TKT_EXPIRED')
  })

  test('a service ticket in place of a TGT, a tampered TGT, one with another key version', async () => {
    const service = await requestTicket(realm, tgt, web)
    await expect(requestTicket(realm, service, web)).rejects.toThrow('KDC_ERR_POLICY')
    const cipher = tgt.ticket.encPart.cipher.slice()
    cipher[40] ^= 1
    const tampered = { ...tgt, ticket: { ...tgt.ticket, encPart: { ...tgt.ticket.encPart, cipher } } }
    await expect(requestTicket(realm, tampered, web)).rejects.toThrow('KRB_AP_ERR_BAD_INTEGRITY')
    const newer = { ...tgt, ticket: { ...tgt.ticket, encPart: { ...tgt.ticket.encPart, kvno: 77 } } }
    await expect(requestTicket(realm, newer, web)).rejects.toThrow('KRB_AP_ERR_BADKEYVER')
  })

  test('a request without TGT, and one for another realm', async () => {
    const { bytes } = tgsRequest(realm, tgt, web, {})
    const bare = { ...decode(TgsReq, bytes), padata: [] }
    await expect(exchange(realm, encode(TgsReq, bare), TgsReq)).rejects.toThrow('KDC_ERR_PADATA_TYPE_NOSUPP')
    await expect(requestTicket(realm, tgt, web, { bodyRealm: 'OTHER.TEST' })).rejects.toThrow(
      'KDC_ERR_S_PRINCIPAL_UNKNOWN',
    )
  })

  test('clients that were disabled meanwhile', async () => {
    await using other = await createAd()
    const mine = await signInWithPassword(other, 'alice', 'wonderland')
    other.change('alice', { disabled: true })
    await expect(requestTicket(other, mine, web)).rejects.toMatchObject({
      message: 'KDC_ERR_CLIENT_REVOKED',
      ntStatus: 0xc0000072,
    })
  })
})
