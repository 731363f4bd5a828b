import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import {
  type CallerIdentity,
  createNegotiator,
  delegatedByGate,
  type Negotiator,
  type NegotiatorOptions,
} from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openChain } from './fixtures/chain.js'
import { API, Desktop, PASSWORD, WEB } from './fixtures/corporation.js'

/** alice calls web, which calls api as her, which calls data as her. */
const DATA = 'HTTP/data.ad.test'

let realm: TestRealm
let web: Negotiator
let api: Negotiator
let data: Negotiator

beforeEach(async () => {
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORD } },
    services: {
      web: { spns: [WEB], allowedToDelegateTo: [API] },
      api: { spns: [API], allowedToDelegateTo: [DATA] },
      data: { spns: [DATA] },
    },
  })
  const serviceNamed = (principal: string) => createNegotiator(optionsOf(principal))
  web = serviceNamed('web')
  api = serviceNamed('api')
  data = serviceNamed('data')
})

const optionsOf = (principal: string): NegotiatorOptions => ({
  keytab: realm.keytabFor(principal),
  kdc: realm.transport,
  now: () => realm.now,
  delegation: { principal },
})

afterEach(() => {
  for (const service of [web, api, data]) service[Symbol.dispose]()
})

async function arrive(service: Negotiator, authorization: string): Promise<CallerIdentity> {
  const outcome = await service.authenticate({ headers: { authorization } })
  if (outcome.status !== 'authenticated') throw new Error('the caller was not let in')
  return outcome.identity
}

/** The next service's view of a caller in whose name this one calls. */
async function callAs(identity: CallerIdentity, spn: string, service: Negotiator): Promise<CallerIdentity> {
  using caller = identity.impersonate()
  const ticket = await caller.ticketFor(spn)
  return arrive(service, formatAuthorization(createInitiator({ ticket, now: () => realm.now }).token))
}

const desktop = (spn: string) => new Desktop(realm, 'alice').authorization(spn)

describe('a chain of three hops', () => {
  test('has each service add itself, nearest last', async () => {
    const atWeb = await arrive(web, await desktop(WEB))
    const atApi = await callAs(atWeb, API, api)
    const atData = await callAs(atApi, DATA, data)
    expect([atWeb, atApi, atData].map(({ principal }) => principal)).toEqual(Array(3).fill('alice@AD.TEST'))
    expect(atWeb.delegatedBy).toEqual([])
    expect(atApi.delegatedBy).toEqual([`${WEB}@AD.TEST`])
    expect(atData.delegatedBy).toEqual([`${WEB}@AD.TEST`, `${API}@AD.TEST`])
  })

  test('counts a hop once, however many realms lie between the two services', async () => {
    const depot = 'HTTP/depot.far.test'
    const partner = await createTestRealm({ realm: 'PARTNER.TEST', trusts: [realm] })
    const far = await createTestRealm({
      realm: 'FAR.TEST',
      services: { depot: { spns: [depot], allowedToActOnBehalfOf: ['web@AD.TEST'] } },
      trusts: [partner],
    })
    using service = createNegotiator({ keytab: far.keytabFor('depot'), now: () => realm.now })
    const atDepot = await callAs(await arrive(web, await desktop(WEB)), depot, service)
    expect(atDepot.principal).toBe('alice@AD.TEST')
    expect(atDepot.delegatedBy).toEqual(['web@AD.TEST'])
    expect(partner.exchanges.some(({ kind, outcome }) => kind === 'S4U2Proxy' && outcome === 'referral')).toBe(true)
  })

  test('does not let a service skip one: what web may call is for the directory to say', async () => {
    const atWeb = await arrive(web, await desktop(WEB))
    using alice = atWeb.impersonate()
    await expect(alice.ticketFor(DATA)).rejects.toMatchObject({ reason: 'target-not-allowed' })
  })
})

describe('a chain of three HTTP services', () => {
  const open = (...known: readonly string[]) =>
    openChain([
      { spn: WEB, options: optionsOf('web') },
      { spn: API, options: optionsOf('api') },
      { spn: DATA, options: optionsOf('data'), requireDelegatedBy: known },
    ])
  const view = (...delegatedBy: readonly string[]) => ({ principal: 'alice@AD.TEST', delegatedBy })

  test('calls on as the caller, and each service sees through whom the caller came', async () => {
    await using chain = await open(WEB, API)
    const { body } = await chain.services[0].get('/', { authorization: await desktop(WEB) })
    const views = [view(), view(`${WEB}@AD.TEST`), view(`${WEB}@AD.TEST`, `${API}@AD.TEST`)]
    expect(JSON.parse(body)).toEqual({ views })
  })

  test('ends where the last one does not know a service on the way, or nobody was', async () => {
    await using chain = await open(WEB)
    const { body } = await chain.services[0].get('/', { authorization: await desktop(WEB) })
    expect(JSON.parse(body)).toEqual({ views: [view(), view(`${WEB}@AD.TEST`)], refused: 403 })
    expect((await chain.services[2].get('/', { authorization: await desktop(DATA) })).status).toBe(403)
  })
})

describe('a backend that asks through whom a caller came', () => {
  const request = { headers: {} }

  test('lets callers pass who came through the services that it names', async () => {
    const atData = await callAs(await callAs(await arrive(web, await desktop(WEB)), API, api), DATA, data)
    expect(delegatedByGate([WEB, API])(request, atData)).toMatchObject({ status: 'pass' })
    expect(delegatedByGate(['http/WEB.ad.test@ad.test', API])(request, atData)).toMatchObject({ status: 'pass' })
  })

  test('refuses who came through another one, wherever it stands', async () => {
    const atData = await callAs(await callAs(await arrive(web, await desktop(WEB)), API, api), DATA, data)
    for (const [known, stranger] of [
      [WEB, API],
      [API, WEB],
    ]) {
      const verdict = delegatedByGate([known])(request, atData)
      const error = expect.objectContaining({ message: `alice@AD.TEST came through ${stranger}@AD.TEST` })
      expect(verdict).toMatchObject({ statusCode: 403, error })
    }
  })

  test('refuses who came directly', async () => {
    const atData = await arrive(data, await desktop(DATA))
    expect(delegatedByGate([WEB, API])(request, atData)).toMatchObject({ statusCode: 403 })
  })
})
