/** A program without a ticket sends name and password with each request. */

import { negotiate } from '@s4u/express'
import { createNegotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { basic, type BasicOptions, form } from '@s4u/sign-in'
import { createTestRealm } from '@s4u/test-kdc'
import express from 'express'
import { describe, expect, test } from 'vitest'
import { type TlsSite, tlsSite } from './fixtures/tls-site.js'

const PASSWORD = 'wonderland'
const encoded = (text: string, encoding: BufferEncoding = 'utf8'): string =>
  `Basic ${Buffer.from(text, encoding).toString('base64')}`

async function site(ofBasic?: BasicOptions, more: NegotiatorOptions = {}) {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORD }, bob: { password: PASSWORD }, käthe: { password: 'schlüssel€:x' } },
    services: {
      web: { spns: ['HTTP/web.ad.test'], allowedToDelegateTo: ['HTTP/api.ad.test'] },
      api: { spns: ['HTTP/api.ad.test'] },
    },
  })
  let ahead = 0
  const handler = negotiate({
    ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, delegation: { principal: 'web' } },
    now: () => realm.now + ahead,
    signIn: [basic(ofBasic)],
    signInOptions: { attempts: { pace: 0 } },
    ...more,
  })
  const app = express()
  app.use(handler)
  app.get('/', (req, res) => void res.json(req.identity))
  const served = await tlsSite(app)
  const signIns = (): number => realm.exchanges.filter(({ service }) => service === 'krbtgt/AD.TEST').length
  return {
    ...{ realm, served, signIns, negotiator: handler.negotiator },
    wait: (milliseconds: number) => void (ahead += milliseconds),
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      await realm[Symbol.asyncDispose]()
    },
  }
}

const ask = ({ served }: { readonly served: TlsSite }, authorization?: string, headers = {}) =>
  served.ask('/', { headers: { ...headers, ...(authorization !== undefined && { authorization }) } })

test('it is offered after Negotiate, with the character set', async () => {
  await using made = await site({ realm: 'Orders' })
  const { status, headers } = await ask(made)
  expect([status, headers['www-authenticate']]).toEqual([...[401, 'Negotiate, Basic realm="Orders", charset="UTF-8"']])
})

test('a person is shown the form, and asked by the browser only where Basic is in front of it', async () => {
  const navigation = { 'sec-fetch-mode': 'navigate' }
  const offered = async (signIn: NegotiatorOptions['signIn']) => {
    await using made = await site({}, { signIn, session: 'cookie' })
    const { headers } = await ask(made, undefined, navigation)
    return [headers['content-type'], headers['www-authenticate']]
  }
  expect(await offered([form(), basic()])).toEqual(['text/html; charset=utf-8', 'Negotiate'])
  expect(await offered([basic(), form()])).toEqual([
    ...['text/html; charset=utf-8', 'Negotiate, Basic realm="Sign in", charset="UTF-8"'],
  ])
})

test('a right password is the user, who can be acted for, and begins no session', async () => {
  await using made = await site({}, { session: 'cookie' })
  const { status, headers, body } = await ask(made, encoded(`alice:${PASSWORD}`))
  expect([status, headers['set-cookie']]).toEqual([200, undefined])
  expect(JSON.parse(body)).toMatchObject({
    ...{ principal: 'alice@AD.TEST', authenticationMethod: 'basic', impersonationLevel: 'delegation' },
  })
  await using withSession = await site({ session: true }, { session: 'cookie' })
  expect((await ask(withSession, encoded(`alice:${PASSWORD}`))).headers['set-cookie']).toHaveLength(1)
})

test('names and passwords are UTF-8, and a password may have colons', async () => {
  await using made = await site()
  expect((await ask(made, encoded('käthe:schlüssel€:x'))).status).toBe(200)
  expect((await ask(made, encoded('AD\\alice:wonderland'))).status).toBe(200)
})

describe('what is remembered', () => {
  test('is for seconds only, and of the same password alone', async () => {
    await using made = await site()
    expect((await ask(made, encoded(`alice:${PASSWORD}`))).status).toBe(200)
    const once = made.signIns()
    made.wait(9_000)
    expect((await ask(made, encoded(`alice:${PASSWORD}`))).status).toBe(200)
    expect(made.signIns()).toBe(once)
    expect((await ask(made, encoded('alice:wonderlan'))).status).toBe(401)
    made.wait(2_000)
    const before = made.signIns()
    expect((await ask(made, encoded(`alice:${PASSWORD}`))).status).toBe(200)
    expect(made.signIns()).toBeGreaterThan(before)
  })

  test('is nothing where the app says so', async () => {
    await using made = await site({ cacheFor: 0 })
    await ask(made, encoded(`alice:${PASSWORD}`))
    const once = made.signIns()
    await ask(made, encoded(`alice:${PASSWORD}`))
    expect(made.signIns()).toBeGreaterThan(once)
  })

  test('is not asked about by each of several requests at the same time, nor does a wrong one count for each', async () => {
    await using made = await site({}, { signInOptions: { attempts: { pace: 400 } } })
    const six = (authorization: string) => Promise.all([1, 2, 3, 4, 5, 6].map(() => ask(made, authorization)))
    const statuses = (await six(encoded('alice:wrong'))).map(({ status }) => status)
    expect(statuses).toEqual(Array(6).fill(401))
    expect((await ask(made, encoded(`alice:${PASSWORD}`))).status).toBe(200)
  })
})

test.each([
  ['Basic', 400],
  ['Basic *', 400],
  ['Basic YWxpY2U6d29uZGVybGFuZA==x', 400],
  [encoded('alice'), 400],
  [encoded('käthe:schlüssel', 'latin1'), 400],
  [encoded('alice:'), 401],
  [encoded(`:${PASSWORD}`), 401],
  [encoded(`a/b:${PASSWORD}`), 401],
  [encoded(`alice\0:${PASSWORD}`), 401],
  [encoded(`alice:${'x'.repeat(5_000)}`), 401],
  ['basic YWxpY2U6d29uZGVybGFuZA', 200],
])('the header %j is answered %i', async (authorization, status) => {
  await using made = await site()
  const answer = await ask(made, authorization)
  expect(answer.status).toBe(status)
  expect(answer.body).not.toContain(PASSWORD)
})

test('a page of another site cannot use the password that a browser remembers', async () => {
  await using made = await site()
  const headers = {
    origin: 'https://evil.test',
    'sec-fetch-site': 'cross-site',
    authorization: encoded(`alice:${PASSWORD}`),
  }
  expect((await made.served.ask('/', { method: 'POST', headers })).status).toBe(403)
})

test('no event, error or counter has the password', async () => {
  const told: unknown[] = []
  await using made = await site(
    {},
    { onFailed: (event) => void told.push(event), onEvent: (event) => void told.push(event) },
  )
  await ask(made, encoded('alice:a-secret-of-alice'))
  const { inspect } = await import('node:util')
  const all = told.map((event) => inspect(event, { depth: 6 }).replaceAll(/authorization: '[^']+'|'Basic [^']+'/g, ''))
  expect(all.join('\n')).not.toMatch(/a-secret-of-alice/)
  expect(made.negotiator.counters.signIn).toEqual({ basic: { signedIn: 0, refused: { KDC_ERR_PREAUTH_FAILED: 1 } } })
})

test.each<[BasicOptions, string]>([
  [{ realm: 'a "b"' }, 'basic: realm must be a text of ASCII characters'],
  [{ cacheFor: 60_001 }, 'basic: cacheFor must be a number of milliseconds, at most 60000'],
  [{ cacheFor: Number.NaN }, 'basic: cacheFor must be a number of milliseconds'],
])('options that cannot work are refused at once: %j', (options, message) => {
  expect(() => createNegotiator({ signIn: [basic(options)] })).toThrow(message)
})
