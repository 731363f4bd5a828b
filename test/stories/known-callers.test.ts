/**
 * Callers whom a handler knows without acting as them, and calls that it makes in its own name:
 * WCF's ServiceSecurityContext, the level Identification, and who never reaches a handler that is
 * to run as its caller.
 */
import { fetch } from '@s4u/fetch'
import {
  createNegotiator,
  currentIdentity,
  type FailedEvent,
  impersonatedIdentity,
  type ImpersonationOption,
  type NegotiatorOptions,
  respond,
  writeHeaders,
} from '@s4u/negotiate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { API, corporation, Desktop, WEB } from './fixtures/corporation.js'
import { serve, type Serving } from './fixtures/serve.js'
import { stacks } from './fixtures/stacks.js'

const realm = await corporation()
const alice = new Desktop(realm, 'alice')
const backend = createNegotiator({ keytab: realm.keytabFor('api') })
let api: Serving
let options: NegotiatorOptions

beforeAll(async () => {
  api = await serve(async (request, response) => {
    const outcome = await backend.authenticate(request, { mode: 'optional' })
    if (outcome.status === 'challenge') return respond(response, outcome)
    writeHeaders(response, outcome.headers)
    response.end(outcome.status === 'authenticated' ? outcome.identity.principal : 'nobody')
  })
  const serviceNames = { [new URL(api.url).host]: API }
  options = {
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web' },
    fetch: { serviceNames },
  }
})

afterAll(async () => {
  backend[Symbol.dispose]()
  await api[Symbol.asyncDispose]()
})

/** Who calls, whom the handler acts as, and whom a backend sees, after a while. */
const seen = async (): Promise<unknown> => {
  await new Promise((resolve) => setTimeout(resolve, 1))
  const sees = await (await fetch(api.url)).text()
  return [currentIdentity()?.principal ?? null, impersonatedIdentity()?.principal ?? null, sees]
}

const ALICE = 'alice@AD.TEST'

describe.each(stacks)('$name', (stack) => {
  const open = (more: NegotiatorOptions, impersonation?: ImpersonationOption) =>
    serve(
      stack.build({ options: { ...options, ...more }, handle: seen, ...(impersonation && { impersonation }) }).listener,
    )

  const answerOf = async (site: Serving, authorization?: string) =>
    JSON.parse((await site.get('/', authorization === undefined ? {} : { authorization })).body)

  test.each([
    ['nobody', undefined, [ALICE, null, 'nobody']],
    ['nobody', 'allowed', [ALICE, null, 'nobody']],
    ['nobody', 'notAllowed', [ALICE, null, 'nobody']],
    ['nobody', 'required', [ALICE, ALICE, ALICE]],
    ['service', undefined, [ALICE, null, 'web@AD.TEST']],
    ['service', 'allowed', [ALICE, null, 'web@AD.TEST']],
    ['service', 'notAllowed', [ALICE, null, 'web@AD.TEST']],
    ['service', 'required', [ALICE, ALICE, ALICE]],
  ] as const)(
    'outside of an impersonation %s calls: a route that says %s knows its caller, and a backend sees %j',
    async (outsideImpersonation, impersonation, expected) => {
      await using site = await open({ outsideImpersonation }, impersonation)
      expect(await answerOf(site, await alice.authorization())).toEqual(expected)
    },
  )

  test('a caller who is unknown is nobody, and the service calls where the app says so', async () => {
    for (const [outsideImpersonation, sees] of [
      ['nobody', 'nobody'],
      ['service', 'web@AD.TEST'],
    ] as const) {
      await using site = await open({ outsideImpersonation, mode: 'optional' })
      expect(await answerOf(site)).toEqual([null, null, sees])
    }
  })

  test('where the app impersonates always, an unknown caller has nobody’s rights, and not the service’s', async () => {
    await using site = await open({
      impersonateCallerForAllOperations: true,
      outsideImpersonation: 'service',
      mode: 'optional',
    })
    expect(await answerOf(site)).toEqual([null, null, 'nobody'])
    expect(await answerOf(site, await alice.authorization())).toEqual([ALICE, ALICE, ALICE])
  })

  test('where the app impersonates always, a caller who cannot be mapped does not reach the handler', async () => {
    const failures: FailedEvent[] = []
    let reached = 0
    const { listener } = stack.build({
      options: { ...options, impersonateCallerForAllOperations: true, onFailed: (event) => failures.push(event) },
      handle: () => ++reached,
    })
    await using site = await serve(listener)
    const authorization = await alice.authorization(WEB, { identify: true })
    const answer = await site.get('/', { authorization })
    expect([answer.status, answer.body]).toEqual([403, 'You may not use this.\n'])
    expect(answer.headers['www-authenticate']).toMatch(/^Negotiate o/)
    expect(failures).toMatchObject([
      {
        code: 'SEC_E_NO_IMPERSONATION',
        statusCode: 403,
        identity: { principal: ALICE },
        error: {
          message: `${ALICE} cannot be impersonated, which each route of this app requires`,
          hint: expect.stringMatching(/identified only/),
        },
      },
    ])
    expect(reached).toBe(0)
    expect((await site.get('/', { authorization: await alice.authorization() })).status).toBe(200)
    expect(reached).toBe(1)
  })
})

describe('the negotiator’s own fetch', () => {
  test('acts as the service, whoever calls, and also where nobody does', async () => {
    using web = createNegotiator(options)
    expect(await (await web.fetch(api.url)).text()).toBe('web@AD.TEST')
    const outcome = await web.authenticate({ headers: { authorization: await alice.authorization() } })
    if (outcome.status !== 'authenticated') throw new Error(outcome.status)
    const { fetch: asService } = web
    const text = outcome.identity.impersonate(async () => (await asService(api.url)).text())
    expect(await text).toBe('web@AD.TEST')
  })

  test('is not made of an option that is none', () => {
    const wrong: object = { ...options, outsideImpersonation: 'me' }
    expect(() => createNegotiator(wrong)).toThrow('outsideImpersonation must be one of nobody, service, not "me"')
  })
})

describe('a user whom the app wants to know and no more', () => {
  const identification = { level: 'identification' } as const

  test('needs no permission, and is known by SIDs, groups and access', async () => {
    using web = createNegotiator(options)
    await expect(web.identityFor('alice')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
    const known = await web.identityFor('alice', identification)
    expect(known).toMatchObject({
      principal: ALICE,
      impersonationLevel: 'identification',
      authenticationMethod: 'asserted',
      assertedBy: 'service',
      evidence: undefined,
      groupsUnknown: undefined,
    })
    expect(known.sid).toMatch(/^S-1-5-21-/)
    expect(known.isInGroup(realm.sidOf('Sales'))).toBe(true)
    expect(known.accessCheck(`D:(A;;FR;;;${realm.sidOf('Sales')})`, 'FR')).not.toBe(0)
    const bob = await web.identityFor('bob', identification)
    expect(bob.accessCheck(`D:(A;;FR;;;${realm.sidOf('Sales')})`, 'FR')).toBe(0)
  })

  test('cannot be acted as, by nobody and by no way, though the directory would let it', async () => {
    using web = createNegotiator({ ...options, delegation: { principal: 'web', protocolTransition: true } })
    const known = await web.identityFor('alice', identification)
    const asked = realm.exchanges.length
    using acting = known.impersonate()
    const refusal = { code: 'SEC_E_NO_IMPERSONATION', hint: expect.stringContaining("level: 'identification'") }
    await expect(acting.ticketFor(API)).rejects.toMatchObject(refusal)
    await expect(acting.fetch(api.url)).rejects.toMatchObject({ code: 'SEC_E_NO_IMPERSONATION' })
    expect(acting.explain(API).method).toBeUndefined()
    expect(realm.exchanges.length).toBe(asked)
    // The hint, done.
    using able = (await web.identityFor('alice')).impersonate()
    expect((await able.ticketFor(API)).client.name.nameString).toEqual(['alice'])
  })

  test('begins no session, with which it could be acted as later', async () => {
    using web = createNegotiator({ ...options, session: { kind: 'cookie', keys: ['x'.repeat(44)] } })
    expect(web.startSession(await web.identityFor('alice', identification))).toEqual({})
  })

  test('is so with a password too, which is worth no more then', async () => {
    using web = createNegotiator({ ...options, delegation: { principal: 'web', forwardedTickets: 'use' } })
    const known = await web.identityFor({ user: 'alice', password: 'wonderland' }, identification)
    expect(known).toMatchObject({
      principal: ALICE,
      authenticationMethod: 'basic',
      impersonationLevel: 'identification',
    })
    expect(known.evidence).toBeUndefined()
    await expect(web.identityFor({ user: 'alice', password: 'no' }, identification)).rejects.toMatchObject({
      code: 'KDC_ERR_PREAUTH_FAILED',
    })
  })

  test('may be sensitive: who must not be delegated can be known', async () => {
    using web = createNegotiator(options)
    expect((await web.identityFor('carol', identification)).principal).toBe('carol@AD.TEST')
  })

  test.each(['delegation', 'anonymous', '', 5])('is not asked for by %j', async (level) => {
    using web = createNegotiator(options)
    const wrong: object = { level }
    await expect(web.identityFor('alice', wrong)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining('level must be identification or impersonation'),
    })
  })
})
