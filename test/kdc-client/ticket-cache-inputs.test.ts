/**
 * Whoever differs in anything that decides a ticket gets a ticket of his own: caches that left
 * something out have mixed users up.
 */

import type { ForwardedTicket, KdcClient, KdcTransport, ServiceTicket } from '@s4u/kdc-client'
import { evidenceFromS4u2self } from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { beforeAll, expect, test } from 'vitest'
import { selfSigned } from '../stories/fixtures/certificate.js'
import { adTest, clientOf, refusalOf, userClient } from './realm-and-clients.js'

const [first, second] = ['alice', 'alice'].map((name) => new Uint8Array(selfSigned(name).der))
const API = 'HTTP/api.ad.test'
let west: TestRealm
let realm: TestRealm
let client: KdcClient
let asked: number

beforeAll(async () => {
  west = await createTestRealm({ realm: 'WEST.TEST', users: { alice: { password: 'pw-alice' } } })
  realm = await adTest({
    trusts: [west],
    users: { alice: { password: 'pw-alice', upn: 'alice@corp.example', certificates: [first, second] } },
  })
  const kdc: KdcTransport = (request, context) => (asked++, realm.transport(request, context))
  client = clientOf(realm, 'web', { kdc })
})

const lent = async (user: string): Promise<ForwardedTicket> => {
  const { client: owner, ticket, sessionKey, flags, expiresAt } = await userClient(realm, user).tgtToForward()
  return { client: owner, ticket, sessionKey, flags, expiresAt }
}

/**
 * Asks each for the first time, and then again: all tickets differ, and the second time nobody is
 * asked.
 */
async function eachItsOwn(asks: readonly (() => Promise<ServiceTicket>)[]): Promise<readonly ServiceTicket[]> {
  const tickets: ServiceTicket[] = []
  for (const ask of asks) tickets.push(await ask())
  expect(new Set(tickets).size).toBe(asks.length)
  asked = 0
  for (const [index, ask] of asks.entries()) expect(await ask()).toBe(tickets[index])
  expect(asked).toBe(0)
  return tickets
}

test('a ticket to ourselves: by user, realm, kind of name and certificate', async () => {
  const users = ['alice@AD.TEST', 'alice@WEST.TEST', 'bob@AD.TEST', 'alice@corp.example']
  const subjects = [...users, { certificate: first }, { certificate: second }, { certificate: first, user: 'alice' }]
  const tickets = await eachItsOwn(subjects.map((subject) => () => client.s4u2self(subject)))
  const names = tickets.map((ticket) => formatPrincipal(ticket.client))
  expect(names.slice(0, 3)).toEqual(['alice@AD.TEST', 'alice@WEST.TEST', 'bob@AD.TEST'])
  expect(await client.s4u2self('AD\\alice')).toBe(tickets[0])
  expect(await client.s4u2self('alice@ad.test')).toBe(tickets[0])
})

test('a ticket by delegation: by user, evidence and target', async () => {
  await realm.addService('rb', { spns: ['HTTP/rb.ad.test'], allowedToActOnBehalfOf: ['web'] })
  const [alices, bobs] = [await client.s4u2self('alice'), await client.s4u2self('bob')].map(evidenceFromS4u2self)
  const others = evidenceFromS4u2self(await client.s4u2self('alice', { maxAge: 0 }))
  const tickets = await eachItsOwn([
    () => client.s4u2proxy(alices, API),
    () => client.s4u2proxy(bobs, API),
    () => client.s4u2proxy(others, API),
    () => client.s4u2proxy(alices, 'HTTP/rb.ad.test'),
  ])
  expect(tickets.map((ticket) => ticket.client.name.nameString[0])).toEqual(['alice', 'bob', 'alice', 'alice'])
})

test('a ticket with a ticket-granting ticket that was lent: by user, by which ticket it is, and by target', async () => {
  const [alices, again, bobs] = [await lent('alice'), await lent('alice'), await lent('bob')]
  const tickets = await eachItsOwn([
    () => client.ticketWith(alices, API),
    () => client.ticketWith(again, API),
    () => client.ticketWith(bobs, API),
    () => client.ticketWith(alices, 'HTTP/vault.ad.test'),
  ])
  expect(tickets.map((ticket) => ticket.client.name.nameString[0])).toEqual(['alice', 'alice', 'bob', 'alice'])
})

test('a ticket of our own: by target, and by whose ticket-granting ticket seals it', async () => {
  const [one, other] = [await userClient(realm, 'bob').ticketFor('krbtgt/AD.TEST'), await lent('bob')]
  await eachItsOwn([
    () => client.ticketFor(API),
    () => client.ticketFor('HTTP/vault.ad.test'),
    () => client.ticketFor('bob', { userToUser: one.ticket }),
    () => client.ticketFor('bob', { userToUser: other.ticket }),
    () => client.tgtToForward(),
    () => client.ticketFor('krbtgt/AD.TEST'),
  ])
})

test('tickets of different types are not shared by clients that offer different ones', async () => {
  const stored = new Map<string, Uint8Array>()
  const store = {
    get: (key: string) => stored.get(key),
    set: (key: string, value: Uint8Array) => void stored.set(key, value),
  }
  const cache = { shared: { store, secret: 'x'.repeat(32) } }
  const with_ = (encryptionTypes: number[]) => clientOf(realm, 'web', { cache, encryptionTypes })
  const strong = await with_([18, 17]).s4u2self('bob')
  expect((await with_([17]).s4u2self('bob')).sessionKey.etype).toBe(17)
  const shared = await with_([18, 17]).s4u2self('bob')
  expect(Buffer.compare(shared.ticket.encPart.cipher, strong.ticket.encPart.cipher)).toBe(0)
})

test('tickets that carry the identity of a machine are not shared with other machines, nor with who names none', async () => {
  const stored = new Map<string, Uint8Array>()
  const store = {
    get: (key: string) => stored.get(key),
    set: (key: string, value: Uint8Array) => void stored.set(key, value),
  }
  const cache = { shared: { store, secret: 'x'.repeat(32) } }
  const cipherOn = async (machine?: 'kcd' | 'api'): Promise<string> => {
    const armor = machine && { keytab: realm.keytabFor(machine) }
    const { ticket } = await clientOf(realm, 'web', { cache, ...(armor && { armor }) }).s4u2self('bob')
    return Buffer.from(ticket.encPart.cipher).toString('hex')
  }
  const tickets = [await cipherOn('kcd'), await cipherOn('api'), await cipherOn()]
  expect(new Set(tickets).size).toBe(3)
  expect([await cipherOn('kcd'), await cipherOn('api'), await cipherOn()]).toEqual(tickets)
})

test('who came from another realm is not who has that name as a user principal name in this one', async () => {
  const there = await createTestRealm({ realm: 'WEST.TEST', users: { alice: { password: 'pw-alice' } } })
  const here = await adTest({ trusts: [there] })
  const service = clientOf(here, 'web')
  const evidence = evidenceFromS4u2self(await service.s4u2self('alice@WEST.TEST'))
  await here.addUser('mallory', { password: 'pw-mallory', upn: 'alice@WEST.TEST' })
  const ended = { ...evidence, origin: 'presented', expiresAt: here.now } as const
  const grounds = { user: 'alice@WEST.TEST', evidence: ended, protocolTransition: true }
  const refusal = await refusalOf(clientOf(here, 'web').ticketAs(grounds, API))
  // What the PAC of that ticket says is mallory.
  expect([refusal.code, refusal.message]).toEqual([
    'KRB_AP_ERR_BADMATCH',
    'the ticket by which the KDC vouches is that of alice@WEST.TEST@AD.TEST, and not of alice@WEST.TEST',
  ])
})
