import { Connections, createFetch, type CreateFetchOptions } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { CERTIFICATES } from '../stories/certificates.js'
import { type Apache, startApache } from './peers/apache.js'

await describeRealms('the delegated fetch and HTTP/2', ['EAST', 'apache'], (info) => {
  const { services, users, kdc: at } = realmOf(info, 'EAST')
  const kdc = `${at.host}:${at.port}`
  const address = `${info.block}.64`
  const tls = { ca: CERTIFICATES[0].cert, servername: 'localhost' }
  const connections = new Connections({ tls, allowH2: true })
  let apache: Apache

  beforeAll(async () => {
    apache = await startApache({ address, keytab: services.api.keytab, krb5Config: info.krb5Config })
  })
  afterAll(async () => {
    await connections[Symbol.asyncDispose]()
    await apache?.[Symbol.asyncDispose]()
  })

  const actingAs = (name: 'alice' | 'bob', options: Partial<CreateFetchOptions> = {}) => {
    const { principal, password } = users[name]
    const { ticketFor } = createKdcClient({ kdc, credentials: { principal, password } })
    return createFetch({ ticketFor, connections, serviceNames: { [address]: services.api.spn }, ...options })
  }

  /** Protocol, user and connection of the requests so far. */
  const seen = async (count: number) =>
    vi.waitFor(() => {
      const lines = apache.tlsLog().map((line) => line.split(' '))
      if (lines.length < count) throw new Error(`${lines.length} lines`)
      return lines.slice(-count).map(([protocol, , user, connection]) => ({ protocol, user, connection }))
    })

  const answer = async (response: Response) => `${response.status} ${(await response.text()).trim()}`

  test('requests of two users go by HTTP/2, by connections that they do not share', async () => {
    const [alice, bob] = [actingAs('alice'), actingAs('bob')]
    for (const [call, name] of [
      [alice, 'alice'],
      [bob, 'bob'],
      [alice, 'alice'],
    ] as const) {
      const response = await call(`${apache.secure}/plain`, { method: 'POST', body: `of ${name}` })
      expect(await answer(response)).toBe(`200 ${name}@EAST.TEST Negotiate of ${name}`)
    }
    const requests = await seen(3)
    expect(requests.map(({ protocol }) => protocol)).toEqual(['HTTP/2.0', 'HTTP/2.0', 'HTTP/2.0'])
    expect(requests[0].connection).toBe(requests[2].connection)
    expect(requests[1].connection).not.toBe(requests[0].connection)
  })

  test.each(['allow', 'require'] as const)(
    'with channel binding %s, and after the challenge',
    async (channelBinding) => {
      const call = actingAs('alice', { channelBinding, preemptive: false })
      expect(await answer(await call(`${apache.secure}/plain`))).toBe('200 alice@EAST.TEST Negotiate')
    },
  )

  test('many at once come back to whom they belong to', async () => {
    const calls = { alice: actingAs('alice'), bob: actingAs('bob') }
    const names = Array.from({ length: 20 }, (_, index) => (index % 2 ? 'alice' : 'bob') as 'alice' | 'bob')
    const answers = await Promise.all(names.map(async (name) => answer(await calls[name](`${apache.secure}/plain`))))
    expect(answers).toEqual(names.map((name) => `200 ${name}@EAST.TEST Negotiate`))
  })

  test('what an app brings itself has a connection of its own', async () => {
    const call = actingAs('alice')
    const authorization = `Basic ${btoa('alice:nobody')}`
    for (let count = 0; count < 2; count++) await call(`${apache.secure}/basic`, { headers: { authorization } })
    const [first, second] = await seen(2)
    expect([first.protocol, second.protocol]).toEqual(['HTTP/2.0', 'HTTP/2.0'])
    expect(first.connection).not.toBe(second.connection)
  })
})
