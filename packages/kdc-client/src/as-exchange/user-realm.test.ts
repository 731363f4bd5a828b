import {
  AsReq,
  decode,
  encode,
  KdcOption,
  type KdcReqBody,
  kerberosFlags,
  KRB_ERROR_CODES,
  KrbError,
  type KrbErrorName,
  NameType,
  parsePrincipal,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { readSubject, type S4uUser } from '../tickets/s4u-user.js'
import { resolveUserRealm } from './user-realm.js'

const NOW = Date.UTC(2026, 0, 15, 9)
const REPLY = Uint8Array.of(0x6b, 0)
const sname = { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }
const errorOf = (code: KrbErrorName, crealm?: string): Uint8Array =>
  encode(KrbError, { stime: NOW, susec: 0, errorCode: KRB_ERROR_CODES[code], realm: 'AD.TEST', sname, crealm })
const sentTo = (realm: string): Uint8Array => errorOf('KDC_ERR_WRONG_REALM', realm)
const UNKNOWN = errorOf('KDC_ERR_C_PRINCIPAL_UNKNOWN')

/** What KDCs say by realm, and to which realms the own one leads. */
function world(says: Readonly<Record<string, Uint8Array>>, trusted: readonly string[] = []) {
  const asked: [realm: string, body: KdcReqBody, padata: unknown][] = []
  const doubted: string[] = []
  const context: KdcContext = {
    transport: async (request, { realm }) => {
      const { reqBody, padata } = decode(AsReq, request)
      asked.push([realm, reqBody, padata])
      return says[realm]
    },
    clock: new KdcClock(() => NOW),
    random: (length) => new Uint8Array(length).fill(1),
    etypes: [18, 17],
  }
  const leadsTo = async (realm: string): Promise<boolean> => (doubted.push(realm), trusted.includes(realm))
  const place = (user: S4uUser) => resolveUserRealm(context, user, 'AD.TEST', leadsTo)
  return { asked, doubted, place, realms: () => asked.map(([realm]) => realm) }
}

const enterprise = (text: string) => ({ name: { nameType: NameType.ENTERPRISE, nameString: [text] }, realm: 'AD.TEST' })
const named = (text: string): Promise<S4uUser> => readSubject(text, 'AD.TEST')
const ALICE = await named('alice')
const OSCAR = await named('oscar@partner.test')

describe('a user whose realm is plain to see', () => {
  test.each<[string, S4uUser, string]>([
    ['by name', ALICE, 'AD.TEST'],
    ['by a name of another realm', { principal: parsePrincipal('bob@WEST.TEST') }, 'WEST.TEST'],
    ['by a certificate that names nobody', { certificate: Uint8Array.of(1) }, 'AD.TEST'],
    ['by a certificate of a name without a realm', { certificate: Uint8Array.of(1), upn: 'alice' }, 'AD.TEST'],
    ['by a certificate of an empty name', { certificate: Uint8Array.of(1), upn: '' }, 'AD.TEST'],
    ['by a certificate of our own realm', { certificate: Uint8Array.of(1), upn: 'alice@ad.test' }, 'AD.TEST'],
  ])('%s: nobody is asked', async (_how, user, realm) => {
    const { place, asked } = world({})
    expect(await place(user)).toEqual({ user, realm })
    expect(asked).toEqual([])
  })
})

describe('a user whose realm has to be found', () => {
  test('is asked of the own KDC, as if he began to sign in', async () => {
    const { place, asked, doubted } = world({ 'AD.TEST': REPLY })
    expect(await place(OSCAR)).toEqual({ user: OSCAR, realm: 'AD.TEST' })
    const local = { principal: enterprise('bob@ad.test') }
    expect((await world({ 'AD.TEST': REPLY }).place(local)).user).toBe(local)
    expect(doubted).toEqual([])
    expect(asked).toHaveLength(1)
    const [realm, body, padata] = asked[0]
    expect([realm, padata]).toEqual(['AD.TEST', []])
    expect(body).toMatchObject({
      kdcOptions: kerberosFlags(KdcOption.CANONICALIZE),
      cname: enterprise('oscar@partner.test').name,
      realm: 'AD.TEST',
      sname,
      till: NOW + 600_000,
      nonce: 0x01010101,
      etype: [18, 17],
    })
  })

  test.each(['KDC_ERR_PREAUTH_REQUIRED', 'KDC_ERR_CLIENT_REVOKED'] as const)(
    'is one of the realm whose KDC knows him (%s)',
    async (code) => {
      expect(await world({ 'AD.TEST': errorOf(code) }).place(OSCAR)).toEqual({ user: OSCAR, realm: 'AD.TEST' })
    },
  )

  test('is one of the realm that he is sent to, where the own KDC leads there, by the name that he has there', async () => {
    const { place, realms, doubted, asked } = world(
      { 'AD.TEST': sentTo('PARTNER.TEST'), 'PARTNER.TEST': errorOf('KDC_ERR_PREAUTH_REQUIRED') },
      ['PARTNER.TEST'],
    )
    expect(await place(OSCAR)).toEqual({
      user: { principal: { ...parsePrincipal('oscar@PARTNER.TEST') } },
      realm: 'PARTNER.TEST',
    })
    expect(realms()).toEqual(['AD.TEST', 'PARTNER.TEST'])
    expect(doubted).toEqual(['PARTNER.TEST'])
    expect(asked[1][1]).toMatchObject({ realm: 'PARTNER.TEST', sname: { nameString: ['krbtgt', 'PARTNER.TEST'] } })
  })

  test('keeps a name whose suffix is not that realm', async () => {
    const says = { 'AD.TEST': sentTo('WEST.TEST'), 'WEST.TEST': REPLY }
    const { principal } = (await world(says, ['WEST.TEST']).place(await named('o@x@corp.example'))).user
    expect(principal).toEqual({ ...enterprise('o@x@corp.example'), realm: 'WEST.TEST' })
    const whole = { principal: enterprise('o@x@west.test') }
    expect((await world(says, ['WEST.TEST']).place(whole)).user.principal).toEqual({
      name: { nameType: NameType.PRINCIPAL, nameString: ['o@x'] },
      realm: 'WEST.TEST',
    })
  })

  test('by a certificate stays one by certificate alone', async () => {
    const certificate = Uint8Array.of(1)
    const user = { certificate, upn: 'oscar@partner.test' }
    const says = { 'AD.TEST': sentTo('PARTNER.TEST'), 'PARTNER.TEST': REPLY }
    expect(await world(says, ['PARTNER.TEST']).place(user)).toEqual({
      user: { ...user, principal: undefined },
      realm: 'PARTNER.TEST',
    })
  })

  test('is not looked for where no trust leads: what sends there is under no seal', async () => {
    const { place, realms, doubted } = world({ 'AD.TEST': sentTo('EVIL.TEST') }, ['EVIL.test'])
    expect(await place(OSCAR)).toEqual({ user: OSCAR, realm: 'AD.TEST' })
    expect(realms()).toEqual(['AD.TEST'])
    expect(doubted).toEqual(['EVIL.TEST', 'PARTNER.TEST'])
  })

  test.each([
    ['back', sentTo('ad.test')],
    ['nowhere', errorOf('KDC_ERR_WRONG_REALM')],
    ['elsewhere by another error', errorOf('KDC_ERR_POLICY', 'WEST.TEST')],
  ])('and is sent %s is one of the realm that said so', async (_where, answer) => {
    const { place, doubted } = world({ 'AD.TEST': answer }, ['WEST.TEST'])
    expect(await place(OSCAR)).toEqual({ user: OSCAR, realm: 'AD.TEST' })
    expect(doubted).toEqual([])
  })

  test('and is sent back by the second realm is one of that', async () => {
    const { place, realms } = world({ 'AD.TEST': sentTo('WEST.TEST'), 'WEST.TEST': sentTo('AD.TEST') }, ['WEST.TEST'])
    expect((await place(OSCAR)).realm).toBe('WEST.TEST')
    expect(realms()).toEqual(['AD.TEST', 'WEST.TEST'])
  })

  test('is looked for in four realms at the most', async () => {
    const hops = ['A.TEST', 'B.TEST', 'C.TEST', 'D.TEST']
    const says = Object.fromEntries(
      ['AD.TEST', ...hops].map((realm, index) => [realm, sentTo(hops[index] ?? 'E.TEST')]),
    )
    const { place, realms } = world(says, hops)
    expect(await place(OSCAR)).toEqual({ user: OSCAR, realm: 'AD.TEST' })
    expect(realms()).toEqual(['AD.TEST', 'A.TEST', 'B.TEST', 'C.TEST'])
  })

  test.each([
    ['oscar@partner.test', 'PARTNER.TEST', 'oscar'],
    ['a@b@partner.test', 'PARTNER.TEST', 'a@b'],
    ['oscar@Partner.test', 'Partner.test', 'oscar'],
  ])('and whom nobody knows (%s) is one of the realm of his suffix, if there is one', async (text, realm, name) => {
    const user = { principal: enterprise(text) }
    const { place, doubted } = world({ 'AD.TEST': UNKNOWN }, [realm])
    expect(await place(user)).toEqual({
      user: { principal: { name: { nameType: NameType.PRINCIPAL, nameString: [name] }, realm } },
      realm,
    })
    expect(doubted).toEqual([realm])
    expect(await world({ 'AD.TEST': UNKNOWN }).place(user)).toEqual({ user, realm: 'AD.TEST' })
  })
})
