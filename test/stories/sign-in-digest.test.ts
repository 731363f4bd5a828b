/** Sign-in by Digest: what clients send is proven, used once, and ends in an identity. */

import { createHash } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { Duplex } from 'node:stream'
import { inspect } from 'node:util'
import {
  createNegotiator,
  type FailedEvent,
  type NegotiableRequest,
  type NegotiatorOptions,
  type Outcome,
} from '@s4u/negotiate'
import { digest, type DigestOptions, digestSecret, digestUserHash } from '@s4u/sign-in'
import { createTestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { API, corporation } from './fixtures/corporation.js'

await using realm = await corporation()
const REALM = 'orders@ad.test'
const SECRET = 'looking-glass'

const secretFor: DigestOptions['secretFor'] = ({ user }) => (user === 'alice' ? { password: SECRET } : undefined)

function site(options: Partial<DigestOptions> = {}, more: NegotiatorOptions = {}) {
  return createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web', protocolTransition: true },
    signIn: [digest({ realm: REALM, secretFor, ...options })],
    signInOptions: { attempts: { pace: 0 } },
    now: () => realm.now,
    ...more,
  })
}
type Site = ReturnType<typeof site>

const request = (headers: NegotiableRequest['headers'], more: Partial<NegotiableRequest> = {}): NegotiableRequest => ({
  ...{ headers, method: 'GET', url: '/orders?page=2', socket: new TLSSocket(new Duplex({ read() {}, write() {} })) },
  ...more,
})

/** The lines of WWW-Authenticate that begin with Digest, each as its parameters. */
function offered({ headers }: Outcome): Record<string, string>[] {
  const lines = [headers['WWW-Authenticate'] ?? []].flat().filter((line) => line.startsWith('Digest '))
  return lines.map((line) =>
    Object.fromEntries(
      [...line.matchAll(/(\w+)=(?:"([^"]*)"|([^,]*))/g)].map(([, name, text, word]) => [name, text ?? word]),
    ),
  )
}

interface Told {
  user: string
  password: string
  nc: string
  uri: string
  method: string
  algorithm: string
  realm: string
}

/** A client of its own: it knows nothing of the code that it talks to. */
function answer(nonce: string, told: Partial<Told> = {}): string {
  const { user = 'alice', password = SECRET, nc = '00000001', uri = '/orders?page=2', method = 'GET' } = told
  const { algorithm = 'SHA-256', realm = REALM } = told
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex')
  const proof = [hash(`${user}:${realm}:${password}`), nonce, nc, 'cli"ent', 'auth', hash(`${method}:${uri}`)].join(':')
  return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=${algorithm}, response="${hash(proof)}", qop=auth, nc=${nc}, cnonce="cli\\"ent"`
}

async function nonceOf(service: Site, algorithm = 'SHA-256'): Promise<string> {
  const found = offered(await service.authenticate(request({}))).find((one) => one.algorithm === algorithm)
  if (found === undefined) throw new Error(`no nonce of ${algorithm}`)
  return found.nonce
}

const show = (service: Site, authorization: string, more: Partial<NegotiableRequest> = {}): Promise<Outcome> =>
  service.authenticate(request({ authorization }, more))

describe('a user', () => {
  test('signs in with a digest, has it proven that the service knows the secret, and acts towards a backend', async () => {
    using service = site()
    const nonce = await nonceOf(service)
    const outcome = await show(service, answer(nonce))
    if (outcome.status !== 'authenticated') throw new Error(outcome.status)
    expect(outcome).toMatchObject({ by: 'sign-in', source: 'digest' })
    expect(outcome.identity).toMatchObject({ principal: 'alice@AD.TEST', authenticationMethod: 'digest' })
    using acting = outcome.identity.impersonate()
    expect((await acting.ticketFor(API)).client.name.nameString).toEqual(['alice'])
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
    const secret = hash(`alice:${REALM}:${SECRET}`)
    const proof = hash([secret, nonce, '00000001', 'cli"ent', 'auth', hash(':/orders?page=2')].join(':'))
    expect(outcome.headers['Authentication-Info']).toBe(`rspauth="${proof}", cnonce="cli\\"ent", nc=00000001, qop=auth`)
  })

  test('may be known by the hash alone, and by another name in the directory', async () => {
    const hash = digestSecret('SHA-256', 'a.liddell', REALM, SECRET)
    using service = site({ secretFor: async () => ({ hash: hash.toUpperCase(), account: 'alice@AD.TEST' }) })
    const outcome = await show(service, answer(await nonceOf(service), { user: 'a.liddell' }))
    expect(outcome).toMatchObject({ status: 'authenticated', identity: { principal: 'alice@AD.TEST' } })
  })

  test.each(['SHA-256', 'MD5'] as const)('may hide the name on the network, by %s', async (algorithm) => {
    const hashes = new Map([[digestUserHash(algorithm, 'alice', REALM), 'alice']])
    const userOf: DigestOptions['userOf'] = ({ userHash }) => hashes.get(userHash)
    using service = site({ algorithm, userOf })
    const [{ userhash, nonce }] = offered(await service.authenticate(request({})))
    expect(userhash).toBe('true')
    const named = createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(`alice:${REALM}`)
      .digest('hex')
    const hidden = (authorization: string, name = named): string =>
      `${authorization.replace('username="alice"', `username="${name}"`)}, userhash=true`
    const outcome = await show(service, hidden(answer(nonce, { algorithm })))
    expect(outcome).toMatchObject({ status: 'authenticated', identity: { principal: 'alice@AD.TEST' } })
    const open = await show(service, answer(nonce, { algorithm, nc: '00000002' }))
    expect(open).toMatchObject({ status: 'authenticated' })
    for (const one of [
      hidden(answer(nonce, { algorithm, nc: '00000003', password: 'wrong' })),
      hidden(answer(nonce, { algorithm, nc: '00000004' }), '0'.repeat(named.length)),
      hidden(answer(nonce, { algorithm, nc: '00000005' })).replace(', userhash=true', ''),
    ]) {
      const refused = await show(service, one)
      expect(refused).toMatchObject({ status: 'challenge', error: { code: 'KDC_ERR_PREAUTH_FAILED' } })
    }
  })

  test('whose name is hidden is refused where the app cannot tell who it is, or says somebody else', async () => {
    const hash = digestUserHash('SHA-256', 'alice', REALM)
    const hidden = (authorization: string): string =>
      `${authorization.replace('username="alice"', `username="${hash}"`)}, userhash=true`
    using without = site()
    expect(offered(await without.authenticate(request({})))[0].userhash).toBeUndefined()
    const refused = await show(without, hidden(answer(await nonceOf(without))))
    expect(refused).toMatchObject({
      error: { message: expect.stringContaining('expected false, as it was not offered') },
    })
    using wrong = site({ userOf: () => 'bob' })
    await expect(show(wrong, hidden(answer(await nonceOf(wrong))))).rejects.toThrow(
      'digest: userOf must give the name that has the hash',
    )
  })

  test('may use MD5 where it is offered, with a nonce of its own', async () => {
    using service = site({ algorithm: ['SHA-256', 'MD5'] })
    const first = offered(await service.authenticate(request({})))
    expect(first).toEqual(
      ['SHA-256', 'MD5'].map((algorithm) => ({
        ...{ algorithm, realm: REALM, qop: 'auth', nonce: expect.any(String), charset: 'UTF-8' },
      })),
    )
    const [sha, md5] = first
    const ofOther = await show(service, answer(sha.nonce, { algorithm: 'MD5' }))
    expect(offered(ofOther).map(({ stale }) => stale)).toEqual(['true', 'true'])
    expect(await show(service, answer(md5.nonce, { algorithm: 'MD5' }))).toMatchObject({ status: 'authenticated' })
    using only = site()
    const refused = await show(only, answer(await nonceOf(only), { algorithm: 'MD5' }))
    expect(refused).toMatchObject({
      statusCode: 400,
      error: { message: 'Digest.algorithm: expected SHA-256, found MD5' },
    })
  })
})

test('without the permission to vouch for users the app does not start, unless it only wants to know them', async () => {
  const delegation = { principal: 'web' }
  expect(() => site({}, { delegation })).toThrow(
    'digest: this app does not permit itself to vouch for users at the KDC',
  )
  using service = site({ level: 'identification' }, { delegation })
  const outcome = await show(service, answer(await nonceOf(service)))
  expect(outcome).toMatchObject({ status: 'authenticated', identity: { impersonationLevel: 'identification' } })
})

describe('a nonce', () => {
  test('is good for many requests, each count once, in any order', async () => {
    using service = site()
    const nonce = await nonceOf(service)
    for (const nc of ['00000001', '00000005', '00000003', '0000000a', 'ffffffff'])
      expect(await show(service, answer(nonce, { nc }))).toMatchObject({ status: 'authenticated' })
    for (const nc of ['00000003', '0000000A']) {
      const replayed = await show(service, answer(nonce, { nc }))
      expect(replayed).toMatchObject({ statusCode: 401, error: { code: 'KRB_AP_ERR_REPEAT' } })
      expect(offered(replayed)[0].stale).toBe('true')
    }
  })

  test('of two requests at once with one count, one is let in', async () => {
    using service = site()
    const nonce = await nonceOf(service)
    const both = await Promise.all([show(service, answer(nonce)), show(service, answer(nonce))])
    expect(both.map(({ status }) => status).sort()).toEqual(['authenticated', 'challenge'])
  })

  test('ends, and the client goes on with the next one without being refused', async () => {
    let now = realm.now
    const failed: string[] = []
    using service = site({ nonceLifetime: 60_000 }, { now: () => now, onFailed: ({ code }) => void failed.push(code) })
    const nonce = await nonceOf(service)
    now += 59_999
    expect(await show(service, answer(nonce))).toMatchObject({ status: 'authenticated' })
    now += 1
    const late = await show(service, answer(nonce, { nc: '00000002' }))
    expect(late).toMatchObject({ status: 'challenge', statusCode: 401 })
    const [next] = offered(late)
    expect(next).toMatchObject({ stale: 'true' })
    expect(await show(service, answer(next.nonce))).toMatchObject({ status: 'authenticated' })
    expect(failed).toEqual([])
  })

  test('that is stale is said to be so to the owner of the secret alone', async () => {
    using service = site()
    const wrong = await show(service, answer('made-up', { password: 'guess' }))
    expect(offered(wrong)[0]).not.toHaveProperty('stale')
    expect(offered(await show(service, answer('made-up')))[0].stale).toBe('true')
  })

  test('of another instance is not taken, unless they share what was used', async () => {
    const session: NegotiatorOptions['session'] = { kind: 'cookie', keys: ['k'.repeat(32)] }
    using one = site({}, { session })
    using other = site({}, { session })
    expect(offered(await show(other, answer(await nonceOf(one))))[0].stale).toBe('true')
    const used = new Set<string>()
    const replayStore = {
      remember: async (key: Uint8Array) => {
        const text = Buffer.from(key).toString('hex')
        return used.has(text) ? ('seen' as const) : (used.add(text), 'fresh' as const)
      },
    }
    using first = site({ replayStore }, { session })
    using second = site({ replayStore }, { session })
    const nonce = await nonceOf(first)
    expect(await show(second, answer(nonce))).toMatchObject({ status: 'authenticated' })
    expect(await show(first, answer(nonce))).toMatchObject({ error: { code: 'KRB_AP_ERR_REPEAT' } })
  })

  test.each([
    ['fails', () => Promise.reject(new Error('down')), 'S4U_REPLAY_STORE_DOWN'],
    [
      'throws',
      () => {
        throw new Error('down')
      },
      'S4U_REPLAY_STORE_DOWN',
    ],
    ['is full', () => 'full' as const, 'S4U_REPLAY_CACHE_FULL'],
    ['gives no verdict', () => undefined as never, 'S4U_REPLAY_STORE_DOWN'],
  ])('lets nobody in while the store %s', async (_what, remember, code) => {
    using service = site({ replayStore: { remember } })
    const outcome = await show(service, answer(await nonceOf(service)))
    expect(outcome).toMatchObject({ statusCode: 503, error: { code } })
  })
})

describe('is refused', () => {
  test('a wrong secret and an unknown user, alike', async () => {
    using service = site()
    const nonce = await nonceOf(service)
    const outcomes = [
      await show(service, answer(nonce, { password: 'guess' })),
      await show(service, answer(nonce, { user: 'mallory' })),
    ]
    const told = outcomes.map((outcome) => ({ ...outcome, headers: Object.keys(outcome.headers), error: undefined }))
    expect(told[0]).toEqual(told[1])
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ statusCode: 401, error: { code: 'KDC_ERR_PREAUTH_FAILED' } })
  })

  test('another page than that of the digest, another method, and another realm', async () => {
    using service = site()
    const nonce = await nonceOf(service)
    for (const url of ['/orders?page=3', '/orders', '/%6frders?page=2', '/Orders?page=2', '/orders?page=2#x'])
      expect(await show(service, answer(nonce), { url })).toMatchObject({
        ...{ statusCode: 400, error: { message: expect.stringContaining('Digest.uri: expected the target') } },
      })
    expect(await show(service, answer(nonce), { method: 'DELETE' })).toMatchObject({
      ...{ statusCode: 401, error: { code: 'KDC_ERR_PREAUTH_FAILED' } },
    })
    expect(await show(service, answer(nonce, { realm: 'other' }))).toMatchObject({
      ...{ statusCode: 400, error: { message: 'Digest.realm: expected that of this service, found another' } },
    })
    // Nothing of this has used up the count.
    expect(await show(service, answer(nonce))).toMatchObject({ status: 'authenticated' })
  })

  test('who tries too often, before the store of secrets is asked', async () => {
    let asked = 0
    using service = site(
      { secretFor: (user) => (asked++, secretFor(user)) },
      { signInOptions: { attempts: { pace: 0, perUser: 3 } } },
    )
    const nonce = await nonceOf(service)
    for (let times = 0; times < 5; times++) await show(service, answer(nonce, { password: `guess${times}` }))
    expect(asked).toBe(3)
    expect(await show(service, answer(nonce))).toMatchObject({ statusCode: 429 })
  })

  test('what comes without TLS, unless the app says so', async () => {
    using service = site()
    const plain = { socket: { remoteAddress: '192.0.2.7' } }
    expect(offered(await service.authenticate(request({}, plain)))).toEqual([])
    expect(await show(service, answer('x'), plain)).toMatchObject({ error: { code: 'S4U_TLS_REQUIRED' } })
    using open = site({ requireTls: false })
    const nonce = offered(await open.authenticate(request({}, plain)))[0].nonce
    expect(await show(open, answer(nonce), plain)).toMatchObject({ status: 'authenticated' })
  })

  test('a store that gives no hash of the algorithm, as a fault of the service', async () => {
    using service = site({ secretFor: () => ({ hash: 'abc' }) })
    const asked = show(service, answer(await nonceOf(service)))
    await expect(asked).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: 'digest: secretFor must give a hash of 64 hexadecimal digits',
    })
  })
})

test('no secret is in errors, events or what is printed', async () => {
  const told: unknown[] = []
  using service = site(
    {},
    { onFailed: (event) => void told.push(event), onAuthenticated: (event) => void told.push(event) },
  )
  const nonce = await nonceOf(service)
  const outcomes = [await show(service, answer(nonce)), await show(service, answer(nonce, { password: 'guess' }))]
  const hash = digestSecret('SHA-256', 'alice', REALM, SECRET)
  const errors = outcomes.map((outcome) => (outcome.status === 'challenge' ? outcome.error : undefined))
  for (const shown of [inspect(service, { depth: 9, showHidden: true }), inspect(errors, { depth: 9 })])
    for (const secret of [SECRET, hash]) expect(shown).not.toContain(secret)
  expect(told).toHaveLength(2)
})

describe('the realm of a name', () => {
  /** A store that looks at the part before the `@` only. */
  const stripping: DigestOptions['secretFor'] = ({ user }) =>
    user.split('@')[0] === 'alice' ? { password: SECRET } : undefined

  test('is another than ours: a secret of somebody of ours does not vouch for it', async () => {
    const failures: FailedEvent[] = []
    using service = site({ secretFor: stripping }, { onFailed: (event) => void failures.push(event) })
    for (const user of ['alice@EAST.TEST', 'alice@east.test'])
      expect(await show(service, answer(await nonceOf(service), { user }))).toMatchObject({
        statusCode: 401,
      })
    expect(failures[0]).toMatchObject({
      code: 'KDC_ERR_PREAUTH_FAILED',
      error: {
        message: 'digest: the name alice@EAST.TEST is of EAST.TEST, whose users are not taken here',
        hint: expect.stringContaining("digest({ realms: ['EAST.TEST'] })"),
      },
    })
    const own = await show(service, answer(await nonceOf(service), { user: 'alice@ad.test' }))
    expect(own).toMatchObject({
      status: 'authenticated',
      identity: { principal: 'alice@AD.TEST' },
    })
  })

  test('is taken where the app names it', async () => {
    await using east = await createTestRealm({
      realm: 'EAST.TEST',
      users: { alice: { password: 'x' } },
    })
    await using ours = await createTestRealm({
      realm: 'AD.TEST',
      trusts: [east],
      services: { web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true } },
    })
    const options = { keytab: ours.keytabFor('web'), kdc: ours.transport, now: () => ours.now }
    using service = site({ secretFor: stripping, realms: ['EAST.TEST'] }, options)
    const outcome = await show(service, answer(await nonceOf(service), { user: 'alice@EAST.TEST' }))
    expect(outcome).toMatchObject({
      status: 'authenticated',
      identity: { principal: 'alice@EAST.TEST' },
    })
  })
})

test.each<[options: object, message: string]>([
  [{ realms: [''] }, 'digest: realms must be names of realms, such as EAST.TEST, and not a text of 0 characters'],
  [{ secretFor: undefined }, 'digest: secretFor must be a function'],
  [{ secretFor: 'x' }, 'digest: secretFor must be a function, not "x"'],
  [{ realm: 'a "b"' }, 'digest: realm must be a text of 1 to 128 characters of ASCII'],
  [{ realm: undefined }, 'digest: realm must be a text of 1 to 128 characters of ASCII'],
  [{ algorithm: 'SHA-512-256' }, 'digest: algorithm must be one of SHA-256, MD5, or a list of them'],
  [{ algorithm: [] }, 'digest: algorithm must be one of SHA-256, MD5, or a list of them'],
  [{ algorithm: ['MD5', 'MD5'] }, 'digest: algorithm must be one of SHA-256, MD5, or a list of them'],
  [{ nonceLifetime: 10 }, 'digest: nonceLifetime must be a whole number from 1000 to 3600000, not 10'],
  [{ replayStore: {} }, 'digest: replayStore must have remember'],
  [{ qop: 'auth-int' }, 'digest: "qop" is not an option'],
])('options that cannot work are refused at once: %j', (options, message) => {
  expect(() => digest({ realm: REALM, secretFor, ...options } as DigestOptions)).toThrow(message)
})
