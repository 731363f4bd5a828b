/** A person signs in at a page with a one-time code: by a function, by RADIUS, or at the KDC. */

import { inspect } from 'node:util'
import { negotiate } from '@s4u/express'
import type { NegotiatorOptions } from '@s4u/negotiate'
import { form, passcode, type PasscodeOptions } from '@s4u/sign-in'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import express from 'express'
import { describe, expect, test } from 'vitest'
import { papPassword, radiusAnswer, startRadiusServer } from '../../packages/sign-in/src/fixtures/radius-server.js'
import { type Answer, tlsSite } from './fixtures/tls-site.js'

const API = 'HTTP/api.ad.test'
const PASSWORD = 'wonderland'
const CODE = '755224'
const SECRET = 'a-secret-of-many-octets'

/**
 * Otto's token shows the same code for ever: what keeps it from being used twice is not the token.
 */
function people(trusts: readonly TestRealm[], { alice, bob }: Upns): Promise<TestRealm> {
  return createTestRealm({
    realm: 'AD.TEST',
    trusts,
    users: {
      alice: { password: PASSWORD, ...(alice !== undefined && { upn: alice }) },
      bob: { password: PASSWORD, mustChangePassword: true, ...(bob !== undefined && { upn: bob }) },
      otto: { password: PASSWORD, otp: { accepts: (value) => value === CODE } },
    },
    services: {
      web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true, allowedToDelegateTo: [API] },
      api: { spns: [API] },
    },
  })
}

interface Upns {
  readonly alice?: string
  readonly bob?: string
}

async function site(
  options: PasscodeOptions,
  more: NegotiatorOptions = {},
  others = [form()],
  trusts: readonly TestRealm[] = [],
  upns: Upns = {},
) {
  const realm = await people(trusts, upns)
  let ahead = 0
  const app = express()
  const told: unknown[] = []
  const failures: { code: string; source?: string }[] = []
  app.use(
    negotiate({
      keytab: realm.keytabFor('web'),
      kdc: realm.transport,
      delegation: { principal: 'web', protocolTransition: true },
      session: { kind: 'cookie', keys: ['k'.repeat(32)] },
      now: () => realm.now + ahead,
      signIn: [passcode(options), ...others],
      signInOptions: { attempts: { pace: 0 } },
      onFailed: (event) => (told.push(event), failures.push({ code: event.code, source: event.source })),
      ...more,
    }),
  )
  app.get('/orders', (req, res) => void res.json(req.identity))
  app.get('/backend', async (req, res) => {
    using acting = req.identity.impersonate()
    res.send((await acting.ticketFor(API)).client.name.nameString)
  })
  const served = await tlsSite(app)
  return {
    ...{ realm, served, told, failures },
    wait: (milliseconds: number) => void (ahead += milliseconds),
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      await realm[Symbol.asyncDispose]()
    },
  }
}

const verify: PasscodeOptions['verify'] = ({ user, code }) => user === 'alice' && code === CODE
const titleOf = ({ body }: Answer): string | undefined => /<title>([^<]*)<\/title>/.exec(body)?.[1]
const problemOf = ({ body }: Answer): string | undefined => /role="alert" id="problem">([^<]*)</.exec(body)?.[1]
const messageOf = ({ body }: Answer): string | undefined => /<p class="message">([^<]*)</.exec(body)?.[1]
const fieldsOf = ({ body }: Answer): string[] => [...body.matchAll(/<input id="(\w+)"/g)].map(([, name]) => name)
const WRONG = 'What you entered is not right, or the code was used before. Wait for the next code.'

/** What a user can see of a page, without the values that differ in each. */
const seen = ({ status, body }: Answer): unknown => [
  status,
  body.replaceAll(/name="(token|challenge)" value="[^"]*"/g, ''),
]

describe('a code that a function checks', () => {
  test('is enough: the user is known, and acted for, by protocol transition', async () => {
    await using at = await site({ verify })
    const browser = at.served.browser()
    const page = await browser.get('/orders?page=2')
    expect([page.status, titleOf(page), fieldsOf(page)]).toEqual([401, 'Sign in with a code', ['user', 'code']])
    expect(page.body).toContain('autocomplete="one-time-code"')
    const back = await browser.submit(page, { user: ' alice ', code: CODE, computer: 'private' })
    expect([back.status, back.headers.location]).toEqual([303, '/orders?page=2'])
    const orders = JSON.parse((await browser.get('/orders')).body)
    expect(orders).toMatchObject({ principal: 'alice@AD.TEST', authenticationMethod: 'passcode' })
    expect(JSON.parse((await browser.get('/backend')).body)).toEqual(['alice'])
  })

  test('leads to the form with a password, and that leads here', async () => {
    await using at = await site({ verify })
    const page = await at.served.browser({ 'accept-language': 'de' }).get('/orders?page=2')
    const link = /<a href="([^"]+)">Mit Kennwort anmelden</.exec(page.body)?.[1] ?? ''
    expect(link).toBe('/.s4u/sign-in?next=%2Forders%3Fpage%3D2')
    const other = await at.served.browser({ 'accept-language': 'fr' }).get(link)
    expect(other.body).toContain('<a href="/.s4u/passcode?next=%2F')
    expect(other.body).toContain('Se connecter avec un code')
  })

  test('is used once, for its user, and is good again when nobody can know it any more', async () => {
    await using at = await site({ verify, usedFor: 60_000 })
    const browser = at.served.browser()
    const submit = async (): Promise<Answer> =>
      browser.submit(await browser.get('/.s4u/passcode'), { user: 'alice', code: CODE })
    expect((await submit()).status).toBe(303)
    for (const later of [0, 30_000, 29_000]) {
      at.wait(later)
      const again = await submit()
      expect([again.status, problemOf(again)]).toEqual([403, WRONG])
    }
    expect(at.failures.map(({ code }) => code)).toEqual(Array(3).fill('KRB_AP_ERR_REPEAT'))
    at.wait(2 * 60_000)
    expect((await submit()).status).toBe(303)
  })

  test('is used once, also by who writes the name in another way', async () => {
    await using at = await site({ verify: ({ code }) => code === CODE })
    const browser = at.served.browser()
    const page = await browser.get('/orders')
    expect((await browser.submit(page, { user: 'alice', code: CODE })).status).toBe(303)
    for (const user of ['ALICE', 'alice@AD.TEST', 'AD\\alice', 'álice'])
      expect((await browser.submit(page, { user, code: CODE })).status).toBe(403)
    expect(at.failures.map(({ code }) => code)).toEqual(Array(4).fill('KRB_AP_ERR_REPEAT'))
  })

  test('of two who use it at once, one gets in', async () => {
    await using at = await site({ verify })
    const browsers = [at.served.browser(), at.served.browser()]
    const pages = await Promise.all(browsers.map((browser) => browser.get('/orders')))
    const fields = { user: 'alice', code: CODE }
    const answers = await Promise.all(browsers.map((browser, index) => browser.submit(pages[index], fields)))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403])
  })

  test('may be used again where a server asks a telephone in its place', async () => {
    await using at = await site({ verify, usedFor: 0 })
    const browser = at.served.browser()
    for (let times = 0; times < 2; times++)
      expect((await browser.submit(await browser.get('/.s4u/passcode'), { user: 'alice', code: CODE })).status).toBe(
        303,
      )
  })

  test('belongs to an account of another name, or to none', async () => {
    const accounts = new Map([['a.liddell', 'alice']])
    await using at = await site({ verify: ({ code }) => code === CODE, account: (user) => accounts.get(user) })
    const browser = at.served.browser()
    const page = await browser.get('/orders')
    expect(problemOf(await browser.submit(page, { user: 'alice', code: CODE }))).toBe(WRONG)
    expect((await browser.submit(page, { user: 'a.liddell', code: CODE })).status).toBe(303)
    expect(JSON.parse((await browser.get('/orders')).body)).toMatchObject({ principal: 'alice@AD.TEST' })
  })

  test.each([undefined, 'yes', 1, {}, null])('is not right where the function answers %j', async (answer) => {
    await using at = await site({ verify: () => answer as never })
    const browser = at.served.browser()
    expect((await browser.submit(await browser.get('/orders'), { user: 'alice', code: CODE })).status).toBe(403)
  })
})

test('without the permission to vouch for users the app does not start, but where users give a password', async () => {
  const delegation = { principal: 'web' }
  await expect(site({ verify }, { delegation })).rejects.toMatchObject({
    code: 'KDC_ERR_POLICY',
    message: 'passcode: this app does not permit itself to vouch for users at the KDC',
    hint: 'Write negotiate({ delegation: { protocolTransition: true } }).',
  })
  await using at = await site({ verify, password: true }, { delegation })
  const browser = at.served.browser()
  const typed = { user: 'alice', password: PASSWORD, code: CODE }
  expect((await browser.submit(await browser.get('/orders'), typed)).status).toBe(303)
})

describe('what is wrong', () => {
  test('is answered alike, whatever it is: user, code, password, or a code that was used', async () => {
    await using at = await site({ verify, password: true }, { signInOptions: { attempts: { pace: 0, perUser: 100 } } })
    const browser = at.served.browser()
    const page = await browser.get('/orders')
    expect(fieldsOf(page)).toEqual(['user', 'password', 'code'])
    const right = { user: 'alice', password: PASSWORD, code: CODE }
    expect((await browser.submit(page, right)).status).toBe(303)
    const tries = [{ code: '000000' }, { password: 'guess', code: '000000' }, {}, { code: '' }, { password: '' }]
    const answers = []
    for (const wrong of tries) answers.push(await browser.submit(page, { ...right, ...wrong }))
    for (const answer of answers) expect(seen(answer)).toEqual(seen(answers[0]))
    expect([answers[0].status, problemOf(answers[0]), titleOf(answers[0])]).toEqual([
      ...[403, WRONG, 'Error: Sign in with a code'],
    ])
    const unknown = await browser.submit(page, { ...right, user: 'nobody' })
    expect([unknown.status, problemOf(unknown)]).toEqual([403, WRONG])
    for (const answer of answers)
      for (const secret of [PASSWORD, CODE, 'guess']) expect(answer.body).not.toContain(secret)
  })

  test('is a password, and the KDC is asked about it only behind a right code', async () => {
    let used = 0
    await using at = await site({ verify: ({ code }) => (used++, code.startsWith(CODE)), password: true })
    const browser = at.served.browser()
    const page = await browser.get('/orders')
    const guess = async (code: string): Promise<string> => {
      await browser.submit(page, { user: 'alice', password: 'guess', code })
      return String(inspect(at.told.at(-1), { depth: 4 })).includes('KdcError') ? 'the KDC' : 'the code'
    }
    expect([await guess('000000'), await guess(`${CODE}1`)]).toEqual(['the code', 'the KDC'])
    expect(used).toBe(2)
    const back = await browser.submit(page, { user: 'alice', password: PASSWORD, code: `${CODE}2` })
    expect(back.status).toBe(303)
    expect(JSON.parse((await browser.get('/orders')).body)).toMatchObject({ authenticationMethod: 'passcode' })
  })

  test('is a password that has expired: the user is told where to go', async () => {
    await using at = await site({ verify: () => true, password: true })
    const browser = at.served.browser()
    const answer = await browser.submit(await browser.get('/orders'), { user: 'bob', password: PASSWORD, code: '1' })
    expect(problemOf(answer)).toBe('Your password has expired. Change it first.')
    expect(answer.body).toContain('/.s4u/sign-in?next=')
  })

  test('too often, is not looked at any more', async () => {
    let asked = 0
    await using at = await site({ verify: () => (asked++, false) })
    const browser = at.served.browser()
    const page = await browser.get('/orders')
    for (let times = 0; times < 6; times++) await browser.submit(page, { user: 'alice', code: `${times}` })
    expect(asked).toBe(4)
    const answer = await browser.submit(page, { user: 'alice', code: CODE })
    expect([answer.status, problemOf(answer)]).toEqual([429, 'Too many attempts. Try again in 35 minutes.'])
  })

  test('too often, is not looked at any more, also where the function throws in place of an answer', async () => {
    let asked = 0
    await using at = await site({
      verify: () => Promise.reject(new Error(`wrong code ${asked++}`)),
    })
    const browser = at.served.browser()
    const page = await browser.get('/orders')
    const statuses: number[] = []
    for (let times = 0; times < 6; times++)
      statuses.push((await browser.submit(page, { user: 'alice', code: `${times}` })).status)
    expect([asked, statuses]).toEqual([4, [500, 500, 500, 500, 429, 429]])
  })

  test('is a form of another browser, or of another page', async () => {
    await using at = await site({ verify })
    const page = await at.served.browser().get('/orders')
    const answer = await at.served.browser().submit(page, { user: 'alice', code: CODE })
    expect(answer.status).toBe(403)
    expect(at.failures).toEqual([{ code: 'S4U_STALE_FORM', source: 'passcode' }])
    const ask = (method: string) => at.served.ask('/.s4u/passcode', { method })
    expect((await ask('DELETE')).status).toBe(405)
  })

  test('is the service: a function that throws is not the caller’s fault', async () => {
    await using at = await site({ verify: () => Promise.reject(new Error('down')) })
    const browser = at.served.browser()
    const answer = await browser.submit(await browser.get('/orders'), { user: 'alice', code: CODE })
    expect(answer.status).toBe(500)
  })
})

describe('a code that a RADIUS server checks', () => {
  /** Asks for a PIN, then for a code; `<` and `&` are in its words. */
  async function radius(rounds: readonly string[]) {
    return startRadiusServer(SECRET, (request, send) => {
      const state = request.attributes.get(24)?.[0].toString()
      const round = state === undefined ? 0 : Number(state)
      const name = request.attributes.get(1)?.[0].toString()
      const isRight = name === 'alice' && papPassword(request, SECRET) === rounds[round]
      const isLast = round === rounds.length - 1
      const question = {
        code: 11,
        attributes: [
          [18, `Code <${round + 2}> & \nmore`],
          [24, `${round + 1}`],
        ] as const,
      }
      const rejected = { code: 3, attributes: [[18, 'PIN of alice is wrong']] as const }
      send(radiusAnswer(request, SECRET, isRight ? (isLast ? { code: 2 } : question) : rejected))
    })
  }
  const by = ({ server }: { server: string }, more: Partial<PasscodeOptions> = {}): PasscodeOptions => ({
    radius: { servers: server, secret: SECRET, firstWait: 200, tries: 1 },
    ...more,
  })

  test('in several rounds, whose words are shown as text', async () => {
    using server = await radius(['1234', CODE, '287082'])
    await using at = await site(by(server))
    const browser = at.served.browser()
    const first = await browser.get('/orders?page=2')
    const second = await browser.submit(first, { user: 'alice', code: '1234', computer: 'private' })
    expect([second.status, messageOf(second), fieldsOf(second)]).toEqual([
      ...[200, 'Code &lt;2&gt; &amp; \nmore', ['code']],
    ])
    expect(second.body).toContain('name="computer" value="private"')
    const third = await browser.submit(second, { code: CODE })
    expect(messageOf(third)).toBe('Code &lt;3&gt; &amp; \nmore')
    const back = await browser.submit(third, { code: '287082' })
    expect([back.status, back.headers.location]).toEqual([303, '/orders?page=2'])
    expect(JSON.parse((await browser.get('/orders')).body)).toMatchObject({ principal: 'alice@AD.TEST' })
    expect(server.heard.map(({ attributes }) => attributes.get(31)?.[0].toString())).toEqual(Array(3).fill('127.0.0.1'))
  })

  test('a wrong code of any round leads to the first, and the server’s reason to the log alone', async () => {
    using server = await radius(['1234', CODE])
    await using at = await site(by(server))
    const browser = at.served.browser()
    const second = await browser.submit(await browser.get('/orders'), { user: 'alice', code: '1234' })
    const refused = await browser.submit(second, { code: '000000' })
    expect([refused.status, problemOf(refused), fieldsOf(refused)]).toEqual([403, WRONG, ['user', 'code']])
    expect(refused.body).not.toContain('PIN of alice')
    expect(inspect(at.told, { depth: 4 })).toContain('the RADIUS server rejected the code: PIN of alice is wrong')
  })

  test('with the password asked for in each round, and kept in none', async () => {
    using server = await radius(['1234', CODE])
    await using at = await site(by(server, { password: true }))
    const browser = at.served.browser()
    const first = { user: 'alice', password: PASSWORD, code: '1234' }
    const second = await browser.submit(await browser.get('/orders'), first)
    expect(fieldsOf(second)).toEqual(['password', 'code'])
    expect(second.body).not.toContain(PASSWORD)
    expect((await browser.submit(second, { password: PASSWORD, code: CODE })).status).toBe(303)
  })

  test('the question of one user is answered for no other, and only for a while', async () => {
    using server = await radius(['1234', CODE])
    await using at = await site(by(server))
    const browser = at.served.browser()
    const second = await browser.submit(await browser.get('/orders'), { user: 'alice', code: '1234' })
    const back = await browser.submit(second, { user: 'otto', code: CODE })
    expect(back.status).toBe(303)
    expect(JSON.parse((await browser.get('/orders')).body)).toMatchObject({ principal: 'alice@AD.TEST' })
    const other = await browser.submit(await browser.get('/.s4u/passcode'), { user: 'alice', code: '1234' })
    at.wait(180_001)
    expect((await browser.submit(other, { code: CODE })).status).toBe(403)
    const forged = { ...other, body: other.body.replace(/name="challenge" value="./, 'name="challenge" value="_') }
    expect((await browser.submit(forged, { code: CODE })).status).toBe(403)
    expect(at.failures).toEqual([1, 2].map(() => ({ code: 'S4U_STALE_FORM', source: 'passcode' })))
  })

  test('of a server that asks without end comes to an end', async () => {
    using server = await radius(Array(20).fill('1'))
    await using at = await site(by(server))
    const browser = at.served.browser()
    let page = await browser.submit(await browser.get('/orders'), { user: 'alice', code: '1' })
    let rounds = 1
    for (; page.status === 200; rounds++) page = await browser.submit(page, { code: '1' })
    expect([rounds, page.status]).toEqual([7, 502])
    expect(problemOf(page)).toBe('Nobody can sign in at the moment. Try again later.')
  })

  test('of a server that is down is nobody’s fault, and does not count as an attempt', async () => {
    const server = await radius([CODE])
    server.close()
    await using at = await site(by(server), { signInOptions: { attempts: { pace: 0, perUser: 1 } } })
    const browser = at.served.browser()
    const page = await browser.get('/orders')
    for (let times = 0; times < 2; times++) {
      const answer = await browser.submit(page, { user: 'alice', code: CODE })
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
    }
    expect(at.failures).toEqual([1, 2].map(() => ({ code: 'ETIMEDOUT', source: 'passcode' })))
  })

  test('that is longer than a packet takes is a wrong one', async () => {
    using server = await radius([CODE])
    await using at = await site(by(server))
    const browser = at.served.browser()
    const answer = await browser.submit(await browser.get('/orders'), { user: 'alice', code: 'ä'.repeat(100) })
    expect(problemOf(answer)).toBe(WRONG)
    expect(server.heard).toEqual([])
  })
})

describe('a code that the KDC checks', () => {
  test('signs the user in, without protocol transition', async () => {
    await using at = await site({ kerberos: true }, { delegation: { principal: 'web' } })
    const browser = at.served.browser()
    const page = await browser.get('/orders')
    const wrong = await browser.submit(page, { user: 'otto', code: '000000' })
    expect([wrong.status, problemOf(wrong)]).toEqual([403, WRONG])
    // A user without a token, and one who does not exist.
    for (const user of ['alice', 'nobody'])
      expect(seen(await browser.submit(page, { user, code: CODE }))).toEqual(
        seen({ ...wrong, body: wrong.body.replace('value="otto"', `value="${user}"`) }),
      )
    expect((await browser.submit(page, { user: 'otto', code: CODE })).status).toBe(303)
    const orders = JSON.parse((await browser.get('/orders')).body)
    expect(orders).toMatchObject({ principal: 'otto@AD.TEST', authenticationMethod: 'passcode' })
    expect(JSON.parse((await browser.get('/backend')).body)).toEqual(['otto'])
    const again = await browser.submit(await browser.get('/.s4u/passcode'), { user: 'otto', code: CODE })
    expect(problemOf(again)).toBe(WRONG)
  })
})

test('instances that share a store take a code once, and the store sees neither user nor code', async () => {
  const used = new Set<string>()
  const replayStore = {
    remember: async (key: Uint8Array) => {
      const text = Buffer.from(key).toString('latin1')
      return used.has(text) ? ('seen' as const) : (used.add(text), 'fresh' as const)
    },
  }
  await using one = await site({ verify, replayStore })
  await using other = await site({ verify, replayStore })
  const [here, there] = [one.served.browser(), other.served.browser()]
  const fields = { user: 'alice', code: CODE }
  expect((await here.submit(await here.get('/orders'), fields)).status).toBe(303)
  expect((await there.submit(await there.get('/orders'), fields)).status).toBe(403)
  expect(other.failures.map(({ code }) => code)).toEqual(['KRB_AP_ERR_REPEAT'])
  for (const key of used) expect(key).not.toMatch(/alice|755224/)
})

test('signing out leads to the page, which says so', async () => {
  await using at = await site({ verify }, {}, [])
  const browser = at.served.browser()
  await browser.submit(await browser.get('/orders'), { user: 'alice', code: CODE })
  const page = await browser.get('/.s4u/sign-out')
  const out = await browser.submit(page, {})
  expect([out.status, out.headers.location]).toEqual([303, '/.s4u/passcode?signed-out'])
  expect((await browser.get(out.headers.location ?? '')).body).toContain('You are signed out.')
})

test('no secret is in events, or in what is printed of the source', async () => {
  const source = passcode({ radius: { servers: 'radius.corp.test', secret: SECRET } })
  expect(inspect(source, { depth: 9, showHidden: true })).not.toContain(SECRET)
  await using at = await site({ verify, password: true })
  const browser = at.served.browser()
  await browser.submit(await browser.get('/orders'), { user: 'alice', password: 'pw-secret', code: 'code-secret' })
  expect(at.told).toHaveLength(1)
  const { error, ...event } = at.told[0] as { error: unknown; request: unknown }
  expect(inspect([error, { ...event, request: undefined }], { depth: 9 })).not.toMatch(/(?:pw|code)-secret/)
})

test.each<[options: object, message: string]>([
  [{}, 'passcode: one of verify, radius and kerberos must say who checks codes'],
  [{ verify, kerberos: true }, 'passcode: one of verify, radius and kerberos must say who checks codes'],
  [{ kerberos: false }, 'passcode: one of verify, radius and kerberos must say who checks codes'],
  [{ kerberos: true, account: () => 'alice' }, 'passcode: with kerberos the KDC says who the user is'],
  [{ verify: 'x' }, 'passcode: verify must be a function, not "x"'],
  [{ radius: 'radius.corp.test' }, 'passcode: radius must be an object, not a string'],
  [{ radius: { server: 'x', secret: 'y' } }, '"radius.server" is not an option; did you mean "radius.servers"?'],
  [{ verify, usedFor: -1 }, 'passcode: usedFor must be a whole number of milliseconds up to 86400000, not -1'],
  [{ verify, replayStore: {} }, 'passcode: replayStore must have remember'],
  [{ verify, computer: 'shared' }, 'passcode: computer must be ask, public or private'],
  [{ verify, changePassword: true }, 'passcode: "changePassword" is not an option'],
])('options that cannot work are refused at once: %j', (options, message) => {
  expect(() => passcode(options as PasscodeOptions)).toThrow(message)
})

test('a page needs a session, and RADIUS an address', async () => {
  await expect(site({ verify }, { session: false }, [])).rejects.toMatchObject({
    message: 'passcode() needs a session that a cookie keeps',
  })
  await expect(site({ radius: { servers: 'radius.corp.test:0', secret: SECRET } })).rejects.toMatchObject({
    message: 'radius: servers: "radius.corp.test:0" is no address of a server',
  })
})

describe('the realm of a name', () => {
  /** A server that strips realms, as FreeRADIUS does: it knows the code of one alice. */
  const stripping: PasscodeOptions['verify'] = ({ user, code }) => user.split('@')[0] === 'alice' && code === CODE

  async function two(options: Partial<PasscodeOptions>, upns: Upns = {}) {
    const east = await createTestRealm({
      realm: 'EAST.TEST',
      users: { alice: { password: PASSWORD } },
    })
    const at = await site({ verify: stripping, ...options }, {}, [form()], [east], upns)
    const submit = async (user: string, more = {}): Promise<[number, string | undefined, unknown]> => {
      const browser = at.served.browser()
      const back = await browser.submit(await browser.get('/orders'), {
        user,
        code: CODE,
        ...more,
      })
      const found = await browser.get('/orders')
      return [back.status, problemOf(back), found.status === 200 ? JSON.parse(found.body).principal : undefined]
    }
    const dispose = () => at[Symbol.asyncDispose]().finally(() => east[Symbol.asyncDispose]())
    return { ...at, submit, [Symbol.asyncDispose]: dispose }
  }

  test.each(['alice@EAST.TEST', 'alice@east.test', 'EAST\\alice', 'alice@north.test'])(
    'is another than ours in %s: a code that is right for somebody of ours does not vouch for it',
    async (user) => {
      await using at = await two({ usedFor: 0 })
      expect(await at.submit(user)).toEqual([403, WRONG, undefined])
      expect(await at.submit('alice@ad.test')).toEqual([303, undefined, 'alice@AD.TEST'])
      expect(at.failures).toEqual([{ code: 'KDC_ERR_PREAUTH_FAILED', source: 'passcode' }])
    },
  )

  test('is also another with a password, where the code would be that of somebody else', async () => {
    await using at = await two({ password: true })
    expect(await at.submit('alice@EAST.TEST', { password: PASSWORD })).toEqual([403, WRONG, undefined])
  })

  test('is that of a user principal name of somebody else', async () => {
    await using at = await two({ usedFor: 0 }, { bob: 'alice@corp.example' })
    expect(await at.submit('alice@corp.example')).toEqual([403, WRONG, undefined])
  })

  test('is taken where the app names it, as the log says', async () => {
    await using closed = await two({})
    await closed.submit('alice@EAST.TEST')
    expect(closed.told.at(-1)).toMatchObject({
      error: {
        message: 'passcode: the name alice@EAST.TEST is of EAST.TEST, whose users are not taken here',
        hint: expect.stringContaining("passcode({ realms: ['EAST.TEST'] })"),
      },
    })
    await using at = await two({ realms: ['EAST.TEST'], usedFor: 0 })
    for (const user of ['alice@EAST.TEST', 'alice@east.test'])
      expect(await at.submit(user)).toEqual([303, undefined, 'alice@EAST.TEST'])
  })

  test('is taken as the suffix of a user principal name, which the app names too', async () => {
    await using at = await two({ realms: ['corp.example'] }, { alice: 'alice@corp.example' })
    expect(await at.submit('alice@CORP.example')).toEqual([303, undefined, 'alice@AD.TEST'])
  })

  test.each<[unknown, string]>([
    ['EAST.TEST', 'realms'],
    [[''], 'passcode: realms must be names of realms, such as EAST.TEST, and not a text of 0 characters'],
    [['@EAST.TEST'], 'passcode: realms must be names of realms, such as EAST.TEST, and not a text of 10 characters'],
  ])('is no option where it is %j', (realms, message) => {
    expect(() => passcode({ verify, realms: realms as never })).toThrow(message)
  })
})
