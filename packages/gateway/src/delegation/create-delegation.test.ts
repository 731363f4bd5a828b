import type { CallerIdentity, Negotiator } from '@s4u/negotiate'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type GatewayRealm, gatewayRealm, refusalFor } from '../../../../test/stories/gateway-realm.js'
import { refusalToken, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { toldOperation } from '../fixtures/operation.js'
import { requestOf, siteOf } from '../fixtures/requests.js'
import { createDelegation } from './create-delegation.js'
import type { InnerCredential, InnerVerdict } from './site-delegation.js'
import { TypedPassword } from './typed-password.js'
import { TypedPasswords } from './typed-passwords.js'
import { userHeadersWith } from './user-headers.js'

const userHeaders = userHeadersWith(false)
const NONE: ReadonlySet<string> = new Set()

let inside: GatewayRealm
let negotiator: Negotiator
let alice: CallerIdentity
let carol: CallerIdentity
let { operation, told } = toldOperation()

beforeAll(async () => {
  inside = await gatewayRealm()
  negotiator = inside.negotiator
  alice = await negotiator.identityFor('alice@AD.TEST')
  carol = await negotiator.identityFor('carol@AD.TEST')
})
afterAll(() => inside[Symbol.asyncDispose]())
beforeEach(() => {
  ;({ operation, told } = toldOperation())
})

const memberAt = (href: string) => ({ url: new URL(href), name: new URL(href).host })
const ORDERS = memberAt('http://orders.ad.test')
type Config = NonNullable<Parameters<typeof siteOf>[0]>['delegation']

function credential(
  delegation: Config = {},
  { caller = alice, member = ORDERS, passwords = undefined as TypedPasswords | undefined } = {},
) {
  const site = siteOf({ delegation })
  const request = requestOf({ site, caller, way: 'session' })
  return createDelegation(site, { operation, passwords, schemesOfGateway: NONE, userHeaders }).credentialFor(
    request,
    member,
  )
}

const refusal = (verdict: InnerVerdict) => (verdict.use === 'retry' ? verdict : undefined)
const answered = (one: InnerCredential, challenges: readonly string[] = [], statusCode = 401, mayRetry = false) =>
  one.judge({ statusCode, challenges, mayRetry })

/** Who an inner server of that name sees. */
const seenBy = (spn: string, { headers }: InnerCredential) => inside.seenBy(spn, headers.authorization)

describe('as kerberos', () => {
  test.each([
    ['the name of the inner server', {}, 'http://orders.ad.test', 'HTTP/orders.ad.test'],
    ['the name that is given', { service: 'http/farm.ad.test' }, 'http://10.0.0.7:8080', 'HTTP/farm.ad.test'],
    ['the name of the member', { service: 'http/*' }, 'http://web2.ad.test:8080', 'HTTP/web2.ad.test'],
  ] as const)('a request carries a ticket of the user for %s', async (_, delegation, href, spn) => {
    const one = await credential(delegation, { member: memberAt(href) })
    expect((await seenBy(spn, one)).principal).toBe('alice@AD.TEST')
  })

  test.each([
    ['http://localhost:8080', {}, 'http/orders.ad.test'],
    ['http://10.0.0.7:8080', {}, 'http/orders.ad.test'],
    ['http://stock:8080', {}, 'http/stock.ad.test'],
  ] as const)(
    'a name that is not registered, %s, is told with the option of the site',
    async (href, delegation, name) => {
      const error: unknown = await credential(delegation, { member: memberAt(href) }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        name: 'ConfigurationError',
        hint: `Write the full name of the host in \`to\`, or delegation: { service: ${name} } of the site, as it is registered in the directory.`,
      })
    },
  )

  test('each request carries a token of its own', async () => {
    const [one, other] = [await credential(), await credential()]
    expect(one.headers.authorization).not.toBe(other.headers.authorization)
  })

  test('a request of nobody carries nothing, and its answers pass', async () => {
    const site = siteOf()
    const one = await createDelegation(site, { operation, schemesOfGateway: NONE, userHeaders }).credentialFor(
      requestOf({ site }),
      ORDERS,
    )
    expect(one.headers).toEqual({})
    expect(answered(one, ['Negotiate']).use).toBe('pass')
    expect(told).toEqual([])
  })

  test('an answer passes without proof unless the site asks for it; a wrong proof never does', async () => {
    for (const status of [200, 404, 502]) expect(answered(await credential(), [], status).use).toBe('pass')
    const { proof } = await seenBy('HTTP/orders.ad.test', await credential())
    expect(answered(await credential(), [proof], 200)).toMatchObject({
      use: 'refuse',
      error: {
        code: 'KRB_AP_ERR_MUT_FAIL',
        status: 502,
        message: 'orders.ad.test did not prove that it is the service of its name',
      },
    })
    expect(told).toEqual([])
  })

  test('with proof: optional a success needs one, and an error does not; with require both do', async () => {
    const verdict = async (proof: 'optional' | 'require', status: number) =>
      answered(await credential({ proof }), [], status).use
    expect(await verdict('optional', 200)).toBe('refuse')
    expect(await verdict('optional', 502)).toBe('pass')
    expect(await verdict('require', 502)).toBe('refuse')
    const one = await credential({ proof: 'require' })
    const { proof } = await seenBy('HTTP/orders.ad.test', one)
    expect(answered(one, [proof], 200).use).toBe('pass')
  })

  test('a refusal passes with the notice of the server, and is counted and noted', async () => {
    expect(answered(await credential(), ['Negotiate']).use).toBe('pass')
    expect(told).toEqual([
      'count orders.example.com refused',
      'note orders.ad.test refused alice@AD.TEST, who came with a ticket for HTTP/orders.ad.test',
    ])
  })

  test('a refusal with a reason is an alert', async () => {
    const challenge = refusalFor(refusalToken(serviceNamed('HTTP/orders.ad.test'), 37))
    expect(answered(await credential(), [challenge]).use).toBe('pass')
    expect(told).toEqual([
      'count orders.example.com refused',
      'alert S4U_INNER_REFUSED orders.ad.test refused a ticket for HTTP/orders.ad.test for alice@AD.TEST: KRB_AP_ERR_SKEW',
    ])
  })

  test('a server that wants another scheme is an alert, and its notice passes', async () => {
    expect(answered(await credential(), ['Basic realm="x"', 'NTLM'], 401, true).use).toBe('pass')
    expect(told).toEqual([
      'count orders.example.com other-scheme',
      'alert S4U_OTHER_SCHEME orders.ad.test was given a ticket for HTTP/orders.ad.test for alice@AD.TEST, and wants Basic or NTLM',
    ])
  })

  test('a refusal is tried once with a fresh ticket, where the body can be sent again', async () => {
    const one = await credential({}, { caller: await negotiator.identityFor('alice@AD.TEST', { fresh: true }) })
    const next = await refusal(answered(one, ['Negotiate'], 401, true))?.again()
    if (next === undefined) throw new Error('there was no other ticket')
    expect((await seenBy('HTTP/orders.ad.test', next)).principal).toBe('alice@AD.TEST')
    expect(told).toEqual([])
    expect(answered(next, ['Negotiate'], 401, true).use).toBe('pass')
    expect(told[0]).toBe('count orders.example.com refused')
  })

  test.each([
    ['a user who may not be delegated', () => carol, ORDERS, 'user-not-delegable', 'carol@AD.TEST'],
    [
      'a target that is not listed',
      () => alice,
      memberAt('http://vault.ad.test'),
      'target-not-allowed',
      'HTTP/vault.ad.test',
    ],
  ])(
    '%s gets no further: an error for the user, and an alert that says all',
    async (_, caller, member, reason, name) => {
      await expect(credential({}, { caller: caller(), member })).rejects.toMatchObject({
        name: 'DelegationRefusedError',
        status: 403,
        reason,
      })
      expect(told).toEqual([expect.stringMatching(/^alert KDC_ERR_BADOPTION /)])
      expect(told[0]).toContain(name)
    },
  )
})

describe('as none', () => {
  const anonymous = async (delegation: Config, way: string, authorization?: string) => {
    const site = siteOf({ delegation: { as: 'none', ...delegation } })
    const made = createDelegation(site, { operation, schemesOfGateway: NONE, userHeaders })
    const one = await made.credentialFor(requestOf({ site, caller: alice, way, headers: { authorization } }), ORDERS)
    return { ...one, passesChallenges: made.passesChallenges }
  }

  test('nothing goes inside, and a server that wants to know who comes is an alert', async () => {
    const one = await anonymous({}, 'session', 'Basic eDp5')
    expect([one.headers, one.passesChallenges]).toEqual([{}, false])
    expect(answered(one, ['Basic realm="x"']).use).toBe('pass')
    expect(told[1]).toBe('alert S4U_OTHER_SCHEME orders.ad.test was given nothing for alice@AD.TEST, and wants Basic')
  })

  test.each([
    ['Basic eDp5', 'session', 'Basic eDp5'],
    ['Bearer abc', 'none', 'Bearer abc'],
    ['Basic eDp5', 'basic', undefined],
    ['Bearer abc', 'bearer', undefined],
    ['Negotiate YII=', 'session', undefined],
    ['NTLM TlRM', 'session', undefined],
    ['Negotiate YII=', 'negotiate', undefined],
  ])('with direct, %s of a caller who came by %s goes inside as %s', async (sent, way, inside) => {
    const one = await anonymous({ direct: true, passwordInClear: true }, way, sent)
    expect([one.headers.authorization, one.passesChallenges]).toEqual([inside, true])
    expect(answered(one, ['Basic realm="x"']).use).toBe('pass')
    expect(told).toEqual([])
  })
})

describe('as basic', () => {
  const passwordsFor = () =>
    new TypedPasswords({
      lifetime: 1000,
      secure: true,
      now: () => 0,
      random: (length) => new Uint8Array(length).fill(7),
    })

  test('without a typed password the user is asked for it again', async () => {
    for (const passwords of [undefined, passwordsFor()])
      await expect(credential({ as: 'basic', passwordInClear: true }, { passwords })).rejects.toMatchObject({
        code: 'S4U_PASSWORD_GONE',
        status: 401,
        message: 'orders.example.com wants the password of alice@AD.TEST, who came by session',
      })
  })

  test('a request carries what its user has typed', async () => {
    const passwords = passwordsFor()
    const [line] = [passwords.keep('alice@AD.TEST', new TypedPassword('AD\\alice', 'wönder:land'))['Set-Cookie']]
    const site = siteOf({ delegation: { as: 'basic', passwordInClear: true } })
    const headers = { cookie: String(line).split(';')[0] }
    const made = createDelegation(site, { operation, passwords, schemesOfGateway: NONE, userHeaders })
    const one = await made.credentialFor(requestOf({ site, caller: alice, headers }), ORDERS)
    expect(one.headers).toEqual({
      authorization: `Basic ${Buffer.from('AD\\alice:wönder:land').toString('base64')}`,
    })
    expect(made.passesChallenges).toBe(false)
    expect(answered(one, ['Basic realm="x"']).use).toBe('pass')
    expect(answered(one, ['Negotiate']).use).toBe('pass')
    expect(told).toEqual([
      'count orders.example.com refused',
      'note orders.ad.test refused alice@AD.TEST, who came with the password',
      'count orders.example.com other-scheme',
      'alert S4U_OTHER_SCHEME orders.ad.test was given the password for alice@AD.TEST, and wants Negotiate',
    ])
  })
})

describe('with userHeaders', () => {
  test('requests say who the user is, after a retry too', async () => {
    const caller = await negotiator.identityFor('alice@AD.TEST', { fresh: true })
    const one = await credential({ userHeaders: true }, { caller })
    const who = { 'x-s4u-user': 'alice@AD.TEST', 'x-s4u-groups': caller.groups.join(',') }
    expect(caller.groups.length).toBeGreaterThan(0)
    expect(one.headers).toEqual({ authorization: expect.stringMatching(/^Negotiate /), ...who })
    expect((await refusal(answered(one, ['Negotiate'], 401, true))?.again())?.headers).toMatchObject(who)
  })

  test('of nobody both are there, and empty', async () => {
    const site = siteOf({ delegation: { userHeaders: true } })
    const one = await createDelegation(site, { operation, schemesOfGateway: NONE, userHeaders }).credentialFor(
      requestOf({ site }),
      ORDERS,
    )
    expect(one.headers).toEqual({ 'x-s4u-user': '', 'x-s4u-groups': '' })
  })
})
