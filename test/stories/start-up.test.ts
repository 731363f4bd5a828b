import { negotiate } from '@s4u/express'
import { negotiate as negotiateFastify } from '@s4u/fastify'
import { negotiate as negotiateHono } from '@s4u/hono'
import { negotiate as negotiateKoa } from '@s4u/koa'
import { Key, Keytab } from '@s4u/krb5'
import { ConfigurationError, createNegotiator, MissingKeyError, type NegotiatorOptions } from '@s4u/negotiate'
import { S4uModule } from '@s4u/nest'
import { NegotiateStrategy } from '@s4u/passport'
import Fastify from 'fastify'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { corporation } from './fixtures/corporation.js'
import { startNest } from './fixtures/stacks/nest-app.js'

/**
 * What is wrong with keys and options is said when the app starts, with the names of the file and
 * the principal.
 */

const realm = await corporation()
const folder = mkdtempSync(join(tmpdir(), 's4u-keytab-'))
afterAll(() => rmSync(folder, { recursive: true }))

const fileOf = (name: string, octets: Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, octets)
  return path
}
const whole = realm.keytabFile('web')

type Make = (options: NegotiatorOptions) => unknown
const ended = (app: AsyncDisposable) => app[Symbol.asyncDispose]()

describe.each<[string, Make]>([
  ['Express', negotiate],
  ['Koa', negotiateKoa],
  ['Hono', negotiateHono],
  ['Fastify', async (options) => void (await Fastify().register(negotiateFastify, options))],
  ['Nest', (options) => startNest('express', { imports: [S4uModule.forRoot(options)] }).then(ended)],
  ['Passport', (options) => new NegotiateStrategy(options)],
  ['node:http', createNegotiator],
])('%s', (_name, make) => {
  test.each([
    ['is missing', () => join(folder, 'nowhere.keytab'), ConfigurationError, 'KRB5_KT_NOTFOUND'],
    ['has no octets', () => fileOf('empty.keytab', new Uint8Array(0)), ConfigurationError, 'KRB5_KEYTAB_BADVNO'],
    ['is damaged', () => fileOf('damaged.keytab', whole.subarray(0, 50)), ConfigurationError, 'KRB5_KT_FORMAT'],
    [
      'is something else',
      () => fileOf('else.keytab', new TextEncoder().encode('root:x:0:0\n')),
      ConfigurationError,
      'KRB5_KEYTAB_BADVNO',
    ],
    ['has no entries', () => fileOf('no-entries.keytab', Uint8Array.of(5, 2)), MissingKeyError, 'KRB_AP_ERR_NOKEY'],
  ])('refuses to start when the keytab %s', async (_what, path, type, code) => {
    const keytab = path()
    const error = await errorOf(() => make({ keytab }))
    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(keytab)
  })

  test('refuses to start when the keytab has no key for the service, and names both', async () => {
    const keytab = fileOf('other.keytab', realm.keytabFile('other'))
    const error = await errorOf(() => make({ keytab, service: 'HTTP/web.ad.test' }))
    expect(error).toBeInstanceOf(MissingKeyError)
    expect(error.message).toContain(keytab)
    expect(error.message).toContain('HTTP/web.ad.test')
    expect(error.message).toContain('HTTP/other.ad.test@AD.TEST')
  })

  test('refuses to start when the keytab has no HTTP principal at all', async () => {
    const entries = realm.keytabFor('web').entries.filter(({ principal }) => principal.name.nameString.length === 1)
    const keytab = fileOf('account.keytab', new Keytab(entries).encode())
    const error = await errorOf(() => make({ keytab }))
    expect(error).toBeInstanceOf(MissingKeyError)
    expect(error.message).toContain(keytab)
    expect(error.message).toContain('HTTP/')
    expect(error.message).toContain('web@AD.TEST')
  })

  test.each([
    ['a mode that is none', { mode: 'sometimes' }],
    ['a channel binding that is none', { channelBinding: 'maybe' }],
    ['a target that is no SPN', { delegation: { allow: ['https://api.ad.test'] } }],
    ['a header within a challenge', { otherChallenges: ['Basic realm="x"\r\nSet-Cookie: a=b'] }],
    ['Negotiate among the other challenges', { otherChallenges: ['Negotiate'] }],
    ['a session key that can be guessed', { session: { kind: 'cookie', keys: ['secret'] } }],
    ['a session of no kind', { session: 'forever' }],
    ['a certificate that is a path', { tlsCertificate: '/etc/ssl/cert.pem' }],
    [
      'an origin for the delegated fetch that leaves open whether TLS is meant',
      { fetch: { origins: ['api.ad.test'] } },
    ],
    ['a level for the delegated fetch that is none', { fetch: { allowedImpersonationLevel: 'Anonymous' } }],
    ['delegation by the fetch, and nothing to forward', { fetch: { allowedImpersonationLevel: 'delegation' } }],
    [
      'delegation by the fetch to whomever',
      { fetch: { allowedImpersonationLevel: 'delegation', forwardTgt: async () => new Uint8Array(1) } },
    ],
    ['a proof of backends that is none', { fetch: { mutualAuthentication: 'required' } }],
    ['a channel binding of the fetch that is none', { fetch: { channelBinding: 'yes' } }],
    ['a time for tokens that is none', { fetch: { preemptive: 'sometimes' } }],
    ['a way to challenge over HTTP/2 that is none', { http2Challenge: 'politely' }],
    ['a KDC whose address cannot be read', { kdc: 'ftp://nonsense here' }],
    ['an empty list of KDCs', { kdc: [] }],
    ['a realm whose KDC has an address that cannot be read', { kdc: { 'AD.TEST': 'kdc.ad.test:port' } }],
    ['an account for delegation that is no name', { delegation: { principal: '' } }],
  ])('refuses to start with %s', async (_what, options) => {
    const all = { keytab: realm.keytabFor('web'), ...options }
    expect(await errorOf(() => (make as (options: object) => unknown)(all))).toBeInstanceOf(ConfigurationError)
  })

  test.each([
    ['has no key of the account that delegates', { delegation: { principal: 'nobody' } }, 'nobody@AD.TEST'],
    ['has no key of the encryption types that the KDC is asked with', { encryptionTypes: [99] }, 'web@AD.TEST'],
  ])('refuses to start when the keytab %s, and names both', async (_what, options, principal) => {
    const keytab = fileOf('web.keytab', whole)
    const error = await errorOf(() => make({ keytab, ...options }))
    expect(error).toBeInstanceOf(MissingKeyError)
    expect(error.message).toContain(keytab)
    expect(error.message).toContain(principal)
  })

  test('refuses to start when KRB5_CONFIG names no file and the app delegates', async () => {
    vi.stubEnv('KRB5_CONFIG', join(folder, 'nowhere.conf'))
    const error = await errorOf(() => make({ keytab: fileOf('web.keytab', whole), delegation: {} }))
    expect(error).toMatchObject({ code: 'KRB5_CONFIG_CANTOPEN' })
  })

  test('starts without any KDC, and with a keytab that could not sign in, when it says nothing of one', async () => {
    vi.stubEnv('KRB5_CONFIG', join(folder, 'nowhere.conf'))
    const entries = realm.keytabFor('web').entries.map((entry) => ({ ...entry, key: Key.random(23) }))
    const keytab = fileOf('rc4.keytab', new Keytab(entries).encode())
    await make({ keytab, allowWeakEncryption: true })
  })
})

test.each([
  ['a KDC whose address cannot be read', { kdc: 'ftp://nonsense here' }, ConfigurationError],
  ['an account without a key', { delegation: { principal: 'nobody' } }, MissingKeyError],
  ['encryption types without a key', { encryptionTypes: [99] }, MissingKeyError],
])('is not ready with %s when a provider gives the keytab', async (_what, options, type) => {
  using negotiator = createNegotiator({ keytab: async () => whole, ...options })
  await expect(negotiator.ready()).rejects.toBeInstanceOf(type)
})

afterEach(() => vi.unstubAllEnvs())

async function errorOf(run: () => unknown): Promise<Error> {
  try {
    await run()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('it started')
}
