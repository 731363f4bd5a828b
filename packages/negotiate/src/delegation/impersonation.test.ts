import { inspect } from 'node:util'
import { Connections, prepareFetch, prepareNegotiationFor } from '@s4u/fetch'
import { expect, test } from 'vitest'
import { issueTicket, kerberosSite, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { kerberosProxy } from '../../../../test/stories/kerberos-proxy.js'
import { type CallerTickets, Impersonation } from './impersonation.js'
import { type ImpersonationPlan, planOf } from './impersonation-plan.js'

function sourceWith(ticketFor: CallerTickets['ticketFor']): CallerTickets {
  return {
    principal: 'alice@AD.TEST',
    level: 'delegation',
    ticketFor,
    explain: (spn) => planFor(spn),
    fetchOptions: {},
    fetchFor: prepareFetch({}),
    negotiationsFor: prepareNegotiationFor({}),
  }
}

const planFor = (target: string): ImpersonationPlan =>
  planOf(target, 'delegation', { method: 's4u2proxy', choices: [] })

test('asks for tickets when they are needed, and not before', async () => {
  const asked: string[] = []
  const alice = new Impersonation(
    sourceWith((spn) => {
      asked.push(spn)
      return Promise.reject(new Error('no KDC'))
    }),
  )
  expect(asked).toEqual([])
  await expect(alice.ticketFor('HTTP/api.ad.test')).rejects.toThrow('no KDC')
  await expect(alice.contextFor('postgres/db.ad.test')).rejects.toThrow('no KDC')
  await expect(alice.fetch('http://api.ad.test/orders')).rejects.toThrow('no KDC')
  await expect(alice.authorizationFor('http://api.ad.test/orders')).rejects.toThrow('no KDC')
  expect(asked).toEqual(['HTTP/api.ad.test', 'postgres/db.ad.test', 'HTTP/api.ad.test', 'HTTP/api.ad.test'])
})

test('tells how it would get a ticket, without getting it', () => {
  const alice = new Impersonation(sourceWith(() => expect.unreachable()))
  expect(alice.explain('HTTP/api.ad.test')).toEqual(planFor('HTTP/api.ad.test'))
  expect(alice.how('HTTP/api.ad.test')).toEqual(planFor('HTTP/api.ad.test'))
})

test('hands the signal on', async () => {
  const signals: unknown[] = []
  const { signal } = new AbortController()
  const alice = new Impersonation(
    sourceWith((_spn, options) => {
      signals.push(options?.signal)
      return Promise.reject(new Error('no KDC'))
    }),
  )
  await alice.ticketFor('HTTP/a', { signal }).catch(() => undefined)
  await alice.contextFor('HTTP/a', { signal }).catch(() => undefined)
  expect(signals).toEqual([signal, signal])
})

test('refuses everything when it has ended', async () => {
  const alice = new Impersonation(sourceWith(() => expect.unreachable()))
  {
    using ended = alice
    expect(ended).toBe(alice)
  }
  const error = expect.objectContaining({ name: 'ConfigurationError', code: 'GSS_S_NO_CONTEXT' })
  await expect(alice.ticketFor('HTTP/a')).rejects.toEqual(error)
  await expect(alice.contextFor('HTTP/a')).rejects.toEqual(error)
  await expect(alice.fetch('http://a/')).rejects.toEqual(error)
  expect(() => alice.explain('HTTP/a')).toThrow(error)
  await expect(alice.authorizationFor('http://a/')).rejects.toEqual(error)
  await expect(alice.negotiationFor('http://a/')).rejects.toEqual(error)
})

test('makes headers for other clients, and checks who answers them', async () => {
  const service = serviceNamed()
  const ticket = issueTicket(service)
  await using site = await kerberosSite(service)
  using alice = new Impersonation(sourceWith(async () => ticket))
  const answerTo = async (authorization: string) => {
    const { status, headers } = await fetch(site.origin, { headers: { authorization } })
    return { status, challenge: headers.get('www-authenticate') }
  }
  expect(await answerTo(await alice.authorizationFor(site.origin))).toMatchObject({ status: 200 })
  const { authorization, verify } = await alice.negotiationFor(site.origin)
  const answer = await answerTo(authorization)
  expect(() => verify({ ...answer, challenge: 'Negotiate' })).toThrow(/did not prove/)
})

test('leaves the way through a proxy to those that come after it', async () => {
  const [service, proxyService] = [serviceNamed(), serviceNamed('HTTP/proxy.ad.test')]
  await using proxy = await kerberosProxy(proxyService)
  await using site = await kerberosSite(service)
  const serviceNames = { '127.0.0.1': proxyService.spn }
  await using connections = new Connections({ proxy: { url: proxy.url, serviceNames } })
  const tickets = new Map([service, proxyService].map((one) => [one.spn, issueTicket(one)]))
  const ticketFor = async (spn: string) => tickets.get(spn) ?? Promise.reject(new Error(spn))
  for (let count = 0; count < 2; count++) {
    using alice = new Impersonation({ ...sourceWith(ticketFor), fetchFor: prepareFetch({ connections }) })
    expect(await (await alice.fetch(site.origin)).text()).toBe('alice@AD.TEST')
  }
  expect(proxy.seen.at(-1)).toContain('alice@AD.TEST')
})

test('prints who is acted as', () => {
  const alice = new Impersonation(sourceWith(() => expect.unreachable()))
  expect(inspect(alice)).toBe('Impersonation(alice@AD.TEST, delegation)')
  alice[Symbol.dispose]()
  expect(inspect(alice)).toBe('Impersonation(alice@AD.TEST, ended)')
})
