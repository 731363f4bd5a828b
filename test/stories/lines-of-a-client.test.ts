import { createKdcClient, evidenceFromS4u2self } from '@s4u/kdc-client'
import { createTestRealm } from '@s4u/test-kdc'
import { beforeAll, describe, expect, test } from 'vitest'

const realm = await createTestRealm({
  realm: 'AD.TEST',
  users: { alice: { password: 'wonderland' } },
  services: {
    web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true, allowedToDelegateTo: ['HTTP/api.ad.test'] },
    api: { spns: ['HTTP/api.ad.test'] },
    other: { spns: ['HTTP/other.ad.test'] },
  },
})
const said: [string, string][] = []
const at = (level: string) => (text: string) => void said.push([level, text])
const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
const client = createKdcClient({
  kdc: realm.transport,
  credentials: { principal: 'web@AD.TEST', keytab: realm.keytabFor('web') },
  logger,
})

const WHEN = /until \d{4}-\d\d-\d\dT[\d:.]+Z, \d+ ms/

describe('the logger of a client reads', () => {
  beforeAll(() => void (said.length = 0))

  test('the sign-in, each ticket, what the cache answers, and a refusal with what to do', async () => {
    const self = await client.s4u2self('alice')
    await client.s4u2self('alice')
    const evidence = evidenceFromS4u2self(self)
    await client.s4u2proxy(evidence, 'HTTP/api.ad.test')
    await client.s4u2proxy(evidence, 'HTTP/other.ad.test').catch(() => {})
    await client.s4u2proxy(evidence, 'HTTP/other.ad.test').catch(() => {})
    expect(said.map(([level, text]) => `${level} ${text.replace(WHEN, 'WHEN').replace(/until.*$/, 'WHEN')}`)).toEqual([
      'debug AS: web@AD.TEST has signed in (aes256-cts-hmac-sha1-96, forwardable, WHEN)',
      'debug S4U2Self: web@AD.TEST got a ticket for web@AD.TEST as alice@AD.TEST (aes256-cts-hmac-sha1-96, forwardable, WHEN)',
      'debug cache: the ticket of alice@AD.TEST for web@AD.TEST, good WHEN',
      'debug S4U2Proxy: web@AD.TEST got a ticket for HTTP/api.ad.test as alice@AD.TEST (aes256-cts-hmac-sha1-96, forwardable, WHEN)',
      expect.stringMatching(
        /^warn S4U2Proxy: web@AD\.TEST asked for HTTP\/other\.ad\.test as alice@AD\.TEST: KDC_ERR_BADOPTION: .*\n {4}msDS-AllowedToDelegateTo/s,
      ),
      expect.stringMatching(/^debug cache: refused a moment ago: /),
    ])
  })

  test('nothing of another client', async () => {
    const before = said.length
    await createKdcClient({
      kdc: realm.transport,
      credentials: { principal: 'alice@AD.TEST', password: 'wonderland' },
    }).ticketFor('HTTP/web.ad.test')
    expect(said).toHaveLength(before)
  })

  test('neither a password nor what a function of the app says', async () => {
    const before = said.length
    const failing = createKdcClient({
      kdc: () => Promise.reject(new Error('connect to proxy with token 5f2b')),
      credentials: { principal: 'alice@AD.TEST', password: 'rabbit hole' },
      logger,
    })
    await expect(failing.ticketFor('HTTP/web.ad.test')).rejects.toThrow('connect to proxy')
    expect(said.slice(before).map(([, text]) => text)).toEqual([
      'AS: sign-in of alice@AD.TEST: Error',
      'TGS: alice@AD.TEST asked for HTTP/web.ad.test: Error',
    ])
  })
})

test('a logger that is none is refused at once', () => {
  const credentials = { principal: 'alice@AD.TEST', password: 'x' }
  const options = { realm: 'AD.TEST', kdc: '127.0.0.1', credentials, logger: 'debug' }
  expect(() => createKdcClient(options as never)).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: 'logger must have the methods debug, info, warn, error, and is "debug"',
    }),
  )
})
