import type { KdcTransport } from '@s4u/kdc-client'
import { decode, encode, TgsRep } from '@s4u/krb5'
import { createNegotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { createTestRealm } from '@s4u/test-kdc'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { API, corporation, Desktop, PASSWORD, WEB } from './fixtures/corporation.js'

const realm = await corporation()
const make = (options: NegotiatorOptions = {}) =>
  createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web' },
    ...options,
  })

describe('a user and a password', () => {
  test.each(['alice', 'alice@AD.TEST', 'alice@ad.test', 'AD\\alice', 'ad.test\\alice'])(
    'make %s known',
    async (user) => {
      using negotiator = make()
      const alice = await negotiator.identityFor({ user, password: PASSWORD })
      expect(alice).toMatchObject({
        principal: 'alice@AD.TEST',
        authenticationMethod: 'basic',
        impersonationLevel: 'delegation',
        assertedBy: 'authority',
      })
      expect(alice.groups).toContain(realm.sidOf('Sales'))
    },
  )

  test('make somebody known by a user principal name, and by the method that the app names', async () => {
    await realm.addUser('frank', { password: 'franks own', upn: 'frank.miller@corp.example' })
    using negotiator = make()
    const subject = { user: 'frank.miller@corp.example', password: 'franks own' }
    const frank = await negotiator.identityFor(subject, { method: 'form' })
    expect(frank).toMatchObject({ principal: 'frank@AD.TEST', authenticationMethod: 'form' })
  })

  test('are worth what the directory lists: the user’s ticket to this service is the evidence', async () => {
    using negotiator = make()
    const before = realm.exchanges.length
    const identity = await negotiator.identityFor({ user: 'alice', password: PASSWORD })
    const asked = realm.exchanges.slice(before).map(({ kind, client, service }) => [kind, client, service])
    expect(asked).not.toContainEqual(['TGS', 'alice@AD.TEST', 'krbtgt/AD.TEST'])
    expect(identity.evidence).toMatchObject({ kind: 'ticket', origin: 'presented', forwardedTgt: undefined })
    using alice = identity.impersonate()
    expect((await alice.ticketFor(API)).client.name.nameString).toEqual(['alice'])
    await expect(alice.ticketFor('HTTP/other.ad.test')).rejects.toMatchObject({
      name: 'DelegationRefusedError',
      reason: 'target-not-allowed',
    })
  })

  test('are as good as a user who is there where the app keeps the ticket-granting ticket', async () => {
    using negotiator = make({ delegation: { principal: 'web', forwardedTickets: 'use' } })
    using alice = (await negotiator.identityFor({ user: 'alice', password: PASSWORD })).impersonate()
    expect((await alice.ticketFor('HTTP/other.ad.test')).client.name.nameString).toEqual(['alice'])
  })

  test('are bounded by the app’s own list all the same', async () => {
    using negotiator = make({ delegation: { principal: 'web', allow: ['HTTP/api.ad.test'] } })
    using alice = (await negotiator.identityFor({ user: 'alice', password: PASSWORD })).impersonate()
    await expect(alice.ticketFor('HTTP/other.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
  })

  test('do not make of a sensitive user one who can be delegated', async () => {
    using negotiator = make()
    const carol = await negotiator.identityFor({ user: 'carol', password: PASSWORD })
    expect(carol.impersonationLevel).toBe('impersonation')
    using acting = carol.impersonate()
    await expect(acting.ticketFor('HTTP/api.ad.test')).rejects.toMatchObject({ name: 'DelegationRefusedError' })
  })

  test('suffice where tokens must be bound to a channel', async () => {
    using negotiator = make({ channelBinding: 'require' })
    await expect(negotiator.identityFor({ user: 'alice', password: PASSWORD })).resolves.toMatchObject({
      principal: 'alice@AD.TEST',
      impersonationLevel: 'delegation',
      authenticationMethod: 'basic',
    })
  })

  test('are asked of the KDC each time', async () => {
    using negotiator = make()
    await negotiator.identityFor({ user: 'alice', password: PASSWORD })
    const error = { name: 'KdcError', code: 'KDC_ERR_PREAUTH_FAILED' }
    for (const password of ['wrong', ''])
      await expect(negotiator.identityFor({ user: 'alice', password })).rejects.toMatchObject(error)
    await expect(negotiator.identityFor({ user: 'nobody', password: 'x' })).rejects.toMatchObject({
      code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    })
    await expect(negotiator.identityFor({ user: 'alice', password: PASSWORD })).resolves.toMatchObject({
      principal: 'alice@AD.TEST',
      authenticationMethod: 'basic',
    })
  })

  test('leave no password behind', async () => {
    using negotiator = make()
    const password = 'once and never again'
    await realm.addUser('grace', { password })
    const grace = await negotiator.identityFor({ user: 'grace', password })
    const wrong = await negotiator
      .identityFor({ user: 'grace', password: `${password}!` })
      .catch((error: unknown) => error)
    for (const left of [grace, grace.evidence, grace.impersonate(), negotiator, wrong])
      expect(inspect(left, { depth: 20, showHidden: true }) + JSON.stringify(left)).not.toContain(password)
  })
})

describe('a KDC that somebody else plays', () => {
  const falseRealm = createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'of the attacker' } },
    services: { web: { spns: [WEB] } },
  })
  const subject = { user: 'alice', password: 'of the attacker' }
  const refusedBecause = (why: RegExp) => ({
    name: 'RejectedTokenError',
    message: expect.stringContaining('cannot believe'),
    cause: { message: expect.stringMatching(why) },
  })

  test('signs nobody in, since it does not have the key of the service', async () => {
    using negotiator = make({ kdc: (await falseRealm).transport })
    await expect(negotiator.identityFor(subject)).rejects.toMatchObject(
      refusedBecause(/does not open with any key of the keytab/),
    )
  })

  test('signs nobody in with a ticket of the user that it has seen on the wire', async () => {
    const { transport } = await falseRealm
    const seen = await new Desktop(realm, 'alice').ticketFor(WEB)
    const swapping: KdcTransport = async (request, options) => {
      const reply = await transport(request, options)
      if (reply[0] !== 0x6d) return reply
      const rep = decode(TgsRep, reply)
      return rep.ticket.sname.nameString[0] === 'krbtgt' ? reply : encode(TgsRep, { ...rep, ticket: seen.ticket })
    }
    using negotiator = make({ kdc: swapping })
    await expect(negotiator.identityFor(subject)).rejects.toMatchObject(refusedBecause(/ciphertext does not verify/))
  })
})
