/**
 * A service that asks a KDC for a ticket to itself in a user's name reads from it who the user is.
 * Whoever sits between the two can put another ticket into the reply: the KDC's signature over the
 * user's name does not cover it.
 */

import { createKdcClient, type KdcClient } from '@s4u/kdc-client'
import { decode, encode, Keytab, NameType, type Ticket, TgsRep } from '@s4u/krb5'
import { createNegotiator, type Negotiator, type NegotiatorOptions } from '@s4u/negotiate'
import type { TestRealm } from '@s4u/test-kdc'
import { beforeEach, describe, expect, test } from 'vitest'
import { selfSigned } from '../stories/fixtures/certificate.js'
import { adTest, refusalOf, userClient } from './kdc-client-realm.js'
import { Meddler, namesUser } from './meddler.js'

const { der } = selfSigned('mallory')
const certificate = new Uint8Array(der)

let realm: TestRealm
let meddler: Meddler
let keytab: Keytab

beforeEach(async () => {
  realm = await adTest({
    users: {
      mallory: { password: 'pw-mallory', upn: 'm.allory@corp.example', certificates: [certificate] },
      Administrator: { password: 'pw-Administrator' },
    },
    services: { intranet: { spns: ['HTTP/intranet.ad.test'] } },
  })
  // Another version than those of web, so that the keys of web say nothing about it.
  await realm.changePassword('intranet')
  await realm.changePassword('intranet')
  meddler = new Meddler(realm)
  keytab = Keytab.merge([realm.keytabFor('web'), realm.keytabFor('intranet')])
})

const seen = async (user: string, spn: string): Promise<Ticket> =>
  (await userClient(realm, `${user}@AD.TEST`).ticketFor(spn)).ticket

/**
 * From now on the sealed part of every ticket in a user's name is that of this one; the name on a
 * ticket is under no seal.
 */
const swapFor = ({ encPart }: Ticket): void => {
  meddler.changeReply = (reply, request) =>
    namesUser(request) ? { ...reply, ticket: { ...reply.ticket, encPart } } : reply
}

const negotiator = (options: NegotiatorOptions = {}): Negotiator =>
  createNegotiator({
    keytab,
    kdc: meddler.transport,
    now: () => realm.now,
    delegation: { principal: 'web', protocolTransition: true },
    ...options,
  })

const clientWith = (credentials: Parameters<typeof createKdcClient>[0]['credentials']): KdcClient =>
  createKdcClient({ kdc: meddler.transport, credentials, now: () => realm.now })

const NOT_BELIEVED = {
  code: expect.stringMatching(/^KRB_AP_ERR_(BADMATCH|BAD_INTEGRITY|BADKEYVER|MODIFIED|NOKEY)$/),
}

describe('somebody between the service and its KDC who', () => {
  test.each([
    ['has seen a ticket of an administrator to another service of the same keytab', 'HTTP/intranet.ad.test'],
    ['has seen a ticket of an administrator to the same service', 'HTTP/web.ad.test'],
  ])('%s does not make an administrator of a user, whether named or known by a certificate', async (_what, spn) => {
    const administrators = await seen('Administrator', spn)
    using web = negotiator()
    swapFor(administrators)
    for (const user of ['mallory', 'm.allory@corp.example', { certificate }])
      expect(await refusalOf(web.identityFor(user))).toMatchObject(NOT_BELIEVED)
  })

  test('has seen a ticket of an administrator that was sealed with an old key does not either', async () => {
    const old = realm.keytabFor('web')
    const administrators = await seen('Administrator', 'HTTP/web.ad.test')
    await realm.changePassword('web')
    keytab = Keytab.merge([realm.keytabFor('web'), old])
    using web = negotiator()
    swapFor(administrators)
    expect(await refusalOf(web.identityFor('mallory'))).toMatchObject(NOT_BELIEVED)
  })

  test('puts an older ticket of the same user, whose session key he may know, in place of the new one is refused', async () => {
    const before = await seen('mallory', 'HTTP/web.ad.test')
    using web = negotiator()
    swapFor(before)
    expect(await refusalOf(web.identityFor('mallory'))).toMatchObject({
      code: 'KRB_AP_ERR_BADMATCH',
      message: expect.stringContaining('session key'),
    })
  })

  test.each([
    ['a keytab', () => ({ keytab: realm.keytabFor('web') })],
    ['a password', () => ({ principal: 'web@AD.TEST', password: 'pw-web' })],
  ])('meets a client with %s: no signature helps a ticket that none of its keys opens', async (_what, credentials) => {
    await realm.changePassword('web', 'pw-web')
    const client = clientWith(credentials())
    swapFor(await seen('Administrator', 'HTTP/intranet.ad.test'))
    expect(await refusalOf(client.s4u2self('mallory'))).toMatchObject(NOT_BELIEVED)
    expect(await refusalOf(client.s4u2self({ certificate }))).toMatchObject(NOT_BELIEVED)
  })

  test('swaps the ticket of the service itself is refused', async () => {
    const client = clientWith({ keytab: realm.keytabFor('web') })
    const administrators = await seen('Administrator', 'HTTP/intranet.ad.test')
    meddler.changeReply = (reply, { reqBody }) =>
      reqBody.sname?.nameString[0] === 'web' ? { ...reply, ticket: { ...administrators, sname: nameOf('web') } } : reply
    expect(await refusalOf(client.s4u2self('web'))).toMatchObject(NOT_BELIEVED)
  })

  test('does nothing does no harm', async () => {
    using web = negotiator()
    expect((await web.identityFor('mallory')).principal).toBe('mallory@AD.TEST')
    expect((await web.identityFor({ certificate })).principal).toBe('mallory@AD.TEST')
  })
})

test('a signed name is read as the KDC wrote it, and not as the reply has it', async () => {
  const transport: typeof realm.transport = async (request, context) => {
    const answer = await realm.transport(request, context)
    if (answer[0] !== 0x6d) return answer
    return encode(TgsRep, { ...decode(TgsRep, answer), cname: nameOf('Administrator') })
  }
  using web = negotiator({ kdc: transport })
  expect(await refusalOf(web.identityFor('m.allory@corp.example'))).toMatchObject(NOT_BELIEVED)
})

function nameOf(name: string) {
  return { nameType: NameType.PRINCIPAL, nameString: [name] }
}
