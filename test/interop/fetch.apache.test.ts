import { Connections, createFetch, type FetchEvent, type CreateFetchOptions } from '@s4u/fetch'
import { createKdcClient, evidenceFromS4u2self, type KdcClient } from '@s4u/kdc-client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { CERTIFICATES } from '../stories/certificates.js'
import { type Apache, startApache } from './peers/apache.js'

await describeRealms('the delegated fetch and Apache', ['EAST', 'apache'], (info) => {
  const { services, users, kdc: at } = realmOf(info, 'EAST')
  const kdc = `${at.host}:${at.port}`
  const address = `${info.block}.60`
  const tls = { ca: CERTIFICATES[0].cert, servername: 'localhost' }
  const connections = new Connections({ tls, maxPerOrigin: 2 })
  const web = createKdcClient({ kdc, credentials: { keytab: services.web.keytab } })
  let apache: Apache

  beforeAll(async () => {
    apache = await startApache({ address, keytab: services.api.keytab, krb5Config: info.krb5Config })
  })
  afterAll(async () => {
    await connections[Symbol.asyncDispose]()
    await apache?.[Symbol.asyncDispose]()
  })

  const fetchWith = (ticketFor: KdcClient['ticketFor'], options: Partial<CreateFetchOptions> = {}) =>
    createFetch({ ticketFor, connections, serviceNames: { [address]: services.api.spn }, ...options })

  /** The web service, acting as a user who never showed it a ticket. */
  const actingAs = (user: string, options?: Partial<CreateFetchOptions>) =>
    fetchWith(async (spn) => {
      const self = await web.s4u2self(users[user].principal)
      return web.s4u2proxy(evidenceFromS4u2self(self), spn)
    }, options)

  const answer = async (response: Response) => `${response.status} ${(await response.text()).trim()}`

  test('a user who signed in with a password', async () => {
    const { principal, password } = users.alice
    const alice = createKdcClient({ kdc, credentials: { principal, password } })
    const call = fetchWith((spn, options) => alice.ticketFor(spn, options))
    expect(await answer(await call(`${apache.plain}/plain`))).toBe('200 alice@EAST.TEST Negotiate')
  })

  test.each(['plain', 'conn', 'session'])('users whom a service acts for, on /%s', async (location) => {
    const [alice, bob] = [actingAs('alice'), actingAs('bob')]
    for (const [call, name] of [
      [alice, 'alice'],
      [bob, 'bob'],
      [alice, 'alice'],
    ] as const) {
      const body = `of ${name}`
      const response = await call(`${apache.plain}/${location}`, { method: 'POST', body })
      expect(await answer(response)).toBe(`200 ${name}@EAST.TEST Negotiate ${body}`)
    }
  })

  test.each(['plain', 'conn', 'session'])('many users at the same time, on /%s', async (location) => {
    const names = ['alice', 'bob', 'carol']
    const requests = Array.from({ length: 30 }, async (_, index) =>
      answer(await actingAs(names[index % 3])(`${apache.plain}/${location}`)),
    )
    const expected = requests.map((_, index) => `200 ${names[index % 3]}@EAST.TEST Negotiate`)
    expect(await Promise.all(requests)).toEqual(expected)
  })

  test('a session’s cookie is the app’s to keep', async () => {
    const response = await actingAs('alice')(`${apache.plain}/session`)
    await response.text()
    expect(response.headers.get('set-cookie')).toContain('s=')
    const bob = await actingAs('bob')(`${apache.plain}/session`)
    expect(await answer(bob)).toBe('200 bob@EAST.TEST Negotiate')
  })

  test.each(['off', 'allow', 'require'] as const)('over TLS, with channel binding %s', async (channelBinding) => {
    const call = actingAs('alice', { channelBinding })
    for (const location of ['plain', 'conn']) {
      expect(await answer(await call(`${apache.secure}/${location}`))).toBe('200 alice@EAST.TEST Negotiate')
    }
  })

  test('only after the challenge, with the body sent again', async () => {
    const call = actingAs('alice', { preemptive: false })
    const response = await call(`${apache.plain}/plain`, { method: 'POST', body: 'again' })
    expect(await answer(response)).toBe('200 alice@EAST.TEST Negotiate again')
  })

  test('a ticket for another service is refused, with Apache’s own answer and its reason', async () => {
    const events: FetchEvent[] = []
    const { principal, password } = users.alice
    const alice = createKdcClient({ kdc, credentials: { principal, password } })
    const call = fetchWith((spn) => alice.ticketFor(spn), {
      serviceNames: { [address]: services.vault.spn },
      onEvent: (event) => events.push(event),
    })
    const response = await call(`${apache.plain}/plain`)
    await response.text()
    expect(response.status).toBe(401)
    expect(events).toMatchObject([{ service: services.vault.spn, client: 'alice@EAST.TEST', status: 401 }])
  })

  test('through a proxy that asks who comes, and is told with a ticket of its own', async () => {
    // One host has one key here, so that backend and proxy have the same name.
    const proxy = { url: apache.proxy, serviceNames: { [address]: services.api.spn } }
    const through = new Connections({ tls, proxy })
    for (const [origin, user] of [
      [apache.plain, 'alice'],
      [apache.secure, 'bob'],
      [apache.plain, 'bob'],
    ]) {
      const response = await actingAs(user, { connections: through })(`${origin}/plain`, { method: 'POST', body: 'x' })
      expect(await answer(response)).toBe(`200 ${user}@EAST.TEST Negotiate x`)
    }
    await through[Symbol.asyncDispose]()
    // A tunnel is logged when it has come to its end.
    await vi.waitFor(() => {
      const log = apache.proxyLog()
      expect(log).toContainEqual(expect.stringMatching(/^POST .*\/plain alice@EAST.TEST 200$/))
      expect(log).toContainEqual(expect.stringMatching(/^CONNECT .* bob@EAST.TEST 200$/))
    }, 10_000)
  })

  test('a backend that wants another scheme', async () => {
    const events: FetchEvent[] = []
    const response = await actingAs('alice', { onEvent: (event) => events.push(event) })(`${apache.plain}/basic`)
    await response.text()
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="other"')
    expect(events).toMatchObject([{ kind: 'other-scheme-wanted', schemes: ['Basic'] }])
  })

  test('a user who must not be delegated gets no further than the KDC', async () => {
    const call = actingAs('sensitive')
    await expect(call(`${apache.plain}/plain`)).rejects.toMatchObject({ name: 'DelegationRefusedError' })
  })
})
