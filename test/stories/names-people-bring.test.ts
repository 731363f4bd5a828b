import { createFetch } from '@s4u/fetch'
import { createKdcClient, KDC_CHANNEL } from '@s4u/kdc-client'
import { createNegotiator, delegatedByGate, type NegotiatorOptions } from '@s4u/negotiate'
import { createTestRealm } from '@s4u/test-kdc'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { API, corporation, Desktop, PASSWORD, WEB } from './fixtures/corporation.js'

const realm = await corporation()
const keytab = realm.keytabFor('HTTP@web.ad.test')
const alice = new Desktop(realm, 'alice')
const options: NegotiatorOptions = { keytab, kdc: realm.transport, delegation: { principal: 'web' } }

async function callerOf(more: NegotiatorOptions = {}, spn = WEB) {
  const negotiator = createNegotiator({ ...options, ...more })
  const outcome = await negotiator.authenticate({ headers: { authorization: await alice.authorization(spn) } })
  if (outcome.status !== 'authenticated') throw outcome.status === 'challenge' ? outcome.error : new Error('unknown')
  return outcome.identity
}

describe('a service as GSS-API programs write it, HTTP@host, is understood', () => {
  test('where a ticket is asked for, which is the same as by its SPN, in the cache and in events', async () => {
    const events: unknown[] = []
    const listen = (event: unknown): void => void events.push(event)
    subscribe(KDC_CHANNEL, listen)
    const credentials = { principal: 'alice', password: PASSWORD }
    const client = createKdcClient({ realm: 'AD.TEST', kdc: realm.transport, credentials })
    const ticket = await client.ticketFor('HTTP@api.ad.test')
    unsubscribe(KDC_CHANNEL, listen)
    expect(ticket.service.name.nameString).toEqual(['HTTP', 'api.ad.test'])
    expect(await client.ticketFor(API)).toBe(ticket)
    expect(events[1]).toMatchObject({ step: 'TGS', target: API, serviceName: API })
  })

  test('where a caller is acted for, by the list of the app, in contexts and plans', async () => {
    const delegation = { principal: 'web', allow: ['HTTP@api.ad.test'] }
    const as = (await callerOf({ delegation, service: 'HTTP@web.ad.test' })).impersonate()
    const ticket = await as.ticketFor('HTTP@api.ad.test')
    expect(ticket.service.name.nameString).toEqual(['HTTP', 'api.ad.test'])
    expect(await as.ticketFor(API)).toBe(ticket)
    expect((await as.contextFor('HTTP@api.ad.test')).token.length).toBeGreaterThan(500)
    expect(as.explain('HTTP@api.ad.test')).toMatchObject({ target: API, way: 's4u2proxy' })
    await expect(as.ticketFor('HTTP@other.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
    // What is no host is no host for the list either.
    await expect(as.ticketFor('HTTP@API.AD.TEST')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
  })

  test('where the names of this service and its aliases are listed', async () => {
    const served = createNegotiator({ ...options, service: ['HTTP@web.ad.test'] })
    await served.ready()
    const authorization = await alice.authorization()
    expect(await served.authenticate({ headers: { authorization } })).toMatchObject({ status: 'authenticated' })
    expect(() => createNegotiator({ ...options, service: 'HTTP@api.ad.test' })).toThrow(/HTTP\/api\.ad\.test/)
    expect(() => createNegotiator({ ...options, serviceAliases: ['HTTP@portal.ad.test'] })).not.toThrow()
  })

  test('where a keytab is to sign in by it, and where a fetch is told the name of a host', async () => {
    const client = createKdcClient({ kdc: realm.transport, credentials: { principal: 'HTTP@web.ad.test', keytab } })
    expect(client.principal).toBe('HTTP/web.ad.test@AD.TEST')
    const asked: string[] = []
    const delegated = createFetch({
      ticketFor: (spn) => (asked.push(spn), Promise.reject(new Error('enough'))),
      serviceNames: { '127.0.0.1': 'HTTP@api.ad.test', '*': 'HTTP@*' },
    })
    await expect(delegated('http://127.0.0.1:9/')).rejects.toThrow('enough')
    await expect(delegated('http://farm.ad.test:9/')).rejects.toThrow('enough')
    expect(asked).toEqual([API, 'HTTP/farm.ad.test'])
  })

  test('and refused in the settings of an account, with what to write', async () => {
    const made = createTestRealm({ realm: 'B.TEST', users: {}, services: { web: { spns: ['HTTP@web.b.test'] } } })
    await expect(made).rejects.toMatchObject({ name: 'ConfigurationError', hint: 'Write HTTP/web.b.test.' })
  })
})

describe('a service is known to a backend', () => {
  const backend = createNegotiator({ keytab: realm.keytabFor('api'), kdc: realm.transport })
  const request = (authorization: string) => ({ headers: { authorization } })

  async function arriving(user: 'presented' | 'vouched for') {
    const web = createNegotiator({ ...options, delegation: { principal: 'web', protocolTransition: true } })
    const caller = user === 'presented' ? await callerOf() : await web.identityFor('alice')
    const { token } = await caller.impersonate().contextFor(API)
    const sent = request(`Negotiate ${Buffer.from(token).toString('base64')}`)
    const outcome = await backend.authenticate(sent)
    if (outcome.status !== 'authenticated') throw new Error(outcome.status)
    return { sent, identity: outcome.identity }
  }

  test('by its SPN or by its account, as it came by its user: listed by both it is let in either way', async () => {
    const gate = delegatedByGate(['HTTP@web.ad.test', 'web'])
    for (const how of ['presented', 'vouched for'] as const) {
      const { sent, identity } = await arriving(how)
      expect(gate(sent, identity)).toMatchObject({ status: 'pass' })
    }
  })

  test('and where one name is missing, the hint says which; done as it says, the caller is let in', async () => {
    const { sent, identity } = await arriving('vouched for')
    const verdict = delegatedByGate([WEB])(sent, identity)
    expect(verdict).toMatchObject({ status: 'challenge', statusCode: 403 })
    expect(verdict.status === 'challenge' && verdict.error).toMatchObject({
      message: 'alice@AD.TEST came through web@AD.TEST',
      hint: "A service that vouched for the caller is named by its account, one that the caller came to with a ticket by its SPN. If web@AD.TEST is the account of HTTP/web.ad.test (an SPN), list both: requireDelegatedBy(['HTTP/web.ad.test', 'web@AD.TEST']), or let the directory tell: negotiate({ directory: true }).",
    })
    expect(delegatedByGate([WEB, 'web@AD.TEST'])(sent, identity)).toMatchObject({ status: 'pass' })
  })
})
