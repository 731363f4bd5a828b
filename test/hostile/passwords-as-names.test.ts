/**
 * People type their password into the field of the name, and send it. Whoever reads the logs
 * afterwards must not find it.
 */

import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { ACCEPT_CHANNEL } from '@s4u/acceptor'
import { negotiate } from '@s4u/express'
import { createKdcClient, KDC_CHANNEL } from '@s4u/kdc-client'
import { IMPERSONATE_CHANNEL, MemoryAttemptStore, type NegotiatorOptions, type SignInSource } from '@s4u/negotiate'
import { basic, digest, form, passcode } from '@s4u/sign-in'
import { createTestRealm } from '@s4u/test-kdc'
import express from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tlsSite } from '../stories/fixtures/tls-site.js'

const PASSWORD = 'wonderland-7'
const CHANNELS = [KDC_CHANNEL, ACCEPT_CHANNEL, IMPERSONATE_CHANNEL]

/** All that administrators and their programs are told. */
const told: { events: unknown[]; lines: string[]; trace: () => string } = { events: [], lines: [], trace: () => '' }
const listen = (event: unknown): void => void told.events.push(event)
const line = (text: string): void => void told.lines.push(text)
const logger = { error: line, warn: line, info: line, debug: line }
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 's4u-trace-'))
  process.env.KRB5_TRACE = join(folder, 'trace')
  told.events = []
  told.lines = []
  const trace = join(folder, 'trace')
  told.trace = () => (existsSync(trace) ? readFileSync(trace, 'utf8') : '')
  for (const one of CHANNELS) subscribe(one, listen)
})
afterEach(() => {
  delete process.env.KRB5_TRACE
  for (const one of CHANNELS) unsubscribe(one, listen)
  rmSync(folder, { recursive: true })
  expect(channel(KDC_CHANNEL).hasSubscribers).toBe(false)
})

/** Everything that was told, as text. Requests are the app's, which has them in any case. */
function all(): string {
  const events = told.events.map((event) =>
    inspect(typeof event === 'object' ? { ...event, request: undefined } : event, { depth: 9, showHidden: true }),
  )
  return [...events, ...told.lines, told.trace()].join('\n')
}

async function site(signIn: readonly SignInSource[], more: NegotiatorOptions = {}) {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORD }, emma: { password: 'old-Password-1', mustChangePassword: true } },
    services: { web: { spns: ['HTTP/web.ad.test'] } },
  })
  const handler = negotiate({
    ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, session: 'cookie', logger, signIn },
    delegation: { principal: 'web', protocolTransition: true },
    signInOptions: { attempts: { pace: 0, store: new MemoryAttemptStore() } },
    onFailed: ({ request: _request, ...event }) => listen(event),
    ...more,
  })
  const app = express()
  app.use(handler)
  app.all('/orders', (req, res) => void res.send(req.identity.principal))
  const served = await tlsSite(app)
  return {
    served,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      handler.negotiator[Symbol.dispose]()
      await realm[Symbol.asyncDispose]()
    },
  }
}

type Site = Awaited<ReturnType<typeof site>>

const typed = {
  async form({ served }: Site, user: string, password: string) {
    const browser = served.browser()
    return browser.submit(await browser.get('/orders'), { user, password, code: password })
  },
  basic({ served }: Site, user: string, password: string) {
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    return served.ask('/orders', { headers: { authorization } })
  },
  async digest({ served }: Site, user: string) {
    const offered = await served.ask('/orders')
    const nonce = /nonce="([^"]+)"/.exec([offered.headers['www-authenticate']].flat().join())?.[1] ?? ''
    const fields = `realm="orders", nonce="${nonce}", uri="/orders", algorithm=SHA-256, cnonce="c", nc=00000001, qop=auth`
    const authorization = `Digest username="${user}", response="${'a'.repeat(64)}", ${fields}`
    return served.ask('/orders', { headers: { authorization } })
  },
}

const ways: readonly (readonly [string, () => SignInSource, (at: Site, user: string, password: string) => unknown])[] =
  [
    ['the form', () => form(), typed.form],
    ['Basic', () => basic(), typed.basic],
    ['Digest', () => digest({ realm: 'orders', secretFor: () => undefined }), typed.digest],
    ['the page for codes', () => passcode({ verify: () => false }), typed.form],
  ]

describe.each(ways)('a password in the field of the name at %s', (_where, source, send) => {
  test.each(['hunter2-and-more', 'Hunter2@and.more', 'AD\\hunter2-and'])('is told to nobody: %s', async (name) => {
    await using at = await site([source()])
    await send(at, name, 'x')
    const unknown = { triedUser: expect.stringMatching(/^unknown [\da-f]{8}$/) }
    expect(told.events).toContainEqual(expect.objectContaining({ outcome: 'refused', ...unknown }))
    expect(all()).not.toMatch(/hunter2|and\.more/i)
  })

  test('is told to nobody where the KDC cannot be reached', async () => {
    await using at = await site([source()], { kdc: async () => Promise.reject(new Error('no route')) })
    await send(at, 'hunter2-and-more', 'x')
    expect(all()).not.toMatch(/hunter2/i)
  })
})

test('the KDC’s lines and events call one unknown name alike, and as the records of sign-ins do', async () => {
  await using at = await site([basic()])
  await typed.basic(at, 'hunter2-and-more', 'x')
  const [refused] = told.events.filter(
    (event): event is { triedUser: string } => typeof event === 'object' && event !== null && 'triedUser' in event,
  )
  const { triedUser } = refused
  const failed = { step: 'AS', outcome: 'failed', code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN' }
  expect(told.events).toContainEqual(expect.objectContaining({ ...failed, account: triedUser, accountName: triedUser }))
  expect(told.lines.join('\n')).toContain(`sign-in of ${triedUser}: KDC_ERR_C_PRINCIPAL_UNKNOWN`)
  expect(told.trace()).toContain(`Sign-in of ${triedUser} failed: KDC_ERR_C_PRINCIPAL_UNKNOWN`)
})

test.each([
  ['alice', 'KDC_ERR_PREAUTH_FAILED'],
  ['emma', 'KDC_ERR_KEY_EXPIRED'],
])('the name of an account is told, that somebody looks for: %s', async (user, code) => {
  await using at = await site([basic()])
  await typed.basic(at, user, user === 'emma' ? 'old-Password-1' : 'x')
  const failed = { step: 'AS', outcome: 'failed', code, account: `${user}@AD.TEST`, accountName: user }
  expect(told.events).toContainEqual(expect.objectContaining(failed))
  expect(told.lines.join('\n')).toMatch(new RegExp(`sign-in of ${user}@AD\\.TEST: ${code}: `))
  expect(told.trace()).toContain(`Sign-in of ${user}@AD.TEST failed: ${code}`)
  await typed.basic(at, 'alice', PASSWORD)
  expect(told.lines.join('\n')).toContain('alice@AD.TEST has signed in')
})

test('which KDCs did not answer is told, without the name', async () => {
  const kdc = ['127.0.0.1:1']
  await using at = await site([basic()], { kdc: { kdc, timeLimit: 2_000 } })
  await typed.basic(at, 'hunter2-and-more', 'x')
  expect(told.lines.join('\n')).toMatch(/sign-in of unknown [\da-f]{8}: KRB5_KDC_UNREACH \(.*127\.0\.0\.1:1: /)
  expect(all()).not.toMatch(/hunter2/i)
})

test('the name of the account of a service that does not exist is told in full', async () => {
  await using realm = await createTestRealm({ realm: 'AD.TEST' })
  const credentials = { principal: 'svc-misspelt@AD.TEST', password: 'x' }
  const client = createKdcClient({ kdc: realm.transport, credentials, logger })
  await expect(client.ticketFor('HTTP/web.ad.test')).rejects.toThrow('svc-misspelt@AD.TEST')
  expect(told.lines.join('\n')).toContain('sign-in of svc-misspelt@AD.TEST: KDC_ERR_C_PRINCIPAL_UNKNOWN: ')
})

test('the machine whose ticket armors the sign-in is told by its own name, and not by that of the user', async () => {
  await using realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORD }, host1$: { password: 'pw-host1' } },
  })
  const client = createKdcClient({
    ...{ kdc: realm.transport, logger, fast: 'require', shownAs: 'unknown 01234567' },
    credentials: { principal: 'hunter2-and-more@AD.TEST', password: 'x' },
    armor: { principal: 'host1$@AD.TEST', password: 'not-this' },
  })
  await expect(client.ticketFor('HTTP/web.ad.test')).rejects.toThrow(
    'there is no armor, which host1$@AD.TEST is to give',
  )
  const failed = { step: 'AS', outcome: 'failed', code: 'KDC_ERR_PREAUTH_FAILED', account: 'host1$@AD.TEST' }
  expect(told.events).toContainEqual(expect.objectContaining(failed))
  expect(all()).not.toMatch(/hunter2/i)
})

test('the machine whose account does not exist is told by its own name too', async () => {
  await using realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: { password: PASSWORD } } })
  const client = createKdcClient({
    ...{ kdc: realm.transport, logger, fast: 'require', shownAs: 'unknown 01234567' },
    credentials: { principal: 'alice@AD.TEST', password: PASSWORD },
    armor: { principal: 'host-misspelt$@AD.TEST', password: 'x' },
  })
  await expect(client.ticketFor('HTTP/web.ad.test')).rejects.toThrow('there is no armor')
  expect(told.lines.join('\n')).toContain('sign-in of host-misspelt$@AD.TEST: KDC_ERR_C_PRINCIPAL_UNKNOWN: ')
})
