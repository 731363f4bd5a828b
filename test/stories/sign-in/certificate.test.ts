/** Signing in with a client certificate, over real TLS, through Express and Koa. */

import { createNegotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { certificate, type CertificateOptions } from '@s4u/sign-in'
import { afterAll, describe, expect, test } from 'vitest'
import { Authority } from '../fixtures/authority.js'
import { corporation, Desktop, PASSWORD } from '../fixtures/corporation.js'
import { stacks, type Visit } from '../fixtures/stacks.js'
import { askingFor, certifiedSite, type CertifiedSite } from '../fixtures/certified-site.js'

const realm = await corporation()
afterAll(() => realm[Symbol.asyncDispose]())

const authority = new Authority('DC=test,DC=ad,CN=Issuing CA')
const alices = authority.issue({ subject: 'CN=alice', upns: ['alice@ad.test'] })
const ca = authority.certificate.pem
const sidOf = async (name: string): Promise<string> => {
  using service = createNegotiator(optionsWith([]))
  return (await service.identityFor(`${name}@AD.TEST`)).sid ?? ''
}

function optionsWith(signIn: NegotiatorOptions['signIn'], more: NegotiatorOptions = {}): NegotiatorOptions {
  return {
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web', protocolTransition: true },
    now: () => realm.now,
    signIn: signIn ?? [],
    ...more,
  }
}

const handle = ({ identity, request }: Visit): unknown => ({
  who: identity?.principal,
  how: identity?.authenticationMethod,
  level: identity?.impersonationLevel,
  header: request.headers['x-client-cert'] ?? null,
})

async function site(
  options: Partial<CertificateOptions>,
  more: NegotiatorOptions = {},
  listener = askingFor(authority),
  stack = stacks[0],
): Promise<CertifiedSite> {
  const source = certificate({ ca, mapping: 'upn', weakMappings: ['upn'], revocation: 'off', ...options })
  return certifiedSite(stack.build({ options: optionsWith([source], more), handle }).listener, listener)
}

describe.each(stacks)('$name', (stack) => {
  test('a user with a certificate is known by it, and can be acted for', async () => {
    await using secured = await site({}, {}, askingFor(authority), stack)
    const answer = await secured.visit('/', { as: alices })
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      { who: 'alice@AD.TEST', how: 'certificate', level: 'delegation', header: null },
    ])
  })

  test('a user without one is offered Kerberos, and can use it', async () => {
    await using secured = await site({}, {}, askingFor(authority), stack)
    const unknown = await secured.visit('/')
    expect([unknown.status, unknown.headers['www-authenticate']]).toEqual([401, 'Negotiate'])
    const authorization = await new Desktop(realm, 'bob').authorization()
    const known = await secured.visit('/', { headers: { authorization } })
    expect(JSON.parse(known.body)).toMatchObject({ who: 'bob@AD.TEST', how: 'kerberos' })
  })
})

describe('whose certificate it is', () => {
  test('is said by the KDC', async () => {
    await realm.addUser('dora', { password: PASSWORD, certificates: [alices.der] })
    await using secured = await site({ mapping: 'directory' })
    expect(JSON.parse((await secured.visit('/', { as: alices })).body)).toMatchObject({ who: 'dora@AD.TEST' })
  })

  test('is said by a function', async () => {
    await using secured = await site({ mapping: ({ subject }) => (subject === 'CN=alice' ? 'bob@AD.TEST' : undefined) })
    expect(JSON.parse((await secured.visit('/', { as: alices })).body)).toMatchObject({ who: 'bob@AD.TEST' })
    expect((await secured.visit('/', { as: authority.issue({ subject: 'CN=eve' }) })).status).toBe(401)
  })

  test('is compared with the SID in it', async () => {
    const [sid, other] = [await sidOf('alice'), await sidOf('bob')]
    await using secured = await site({ weakMappings: [] })
    const right = authority.issue({ subject: 'CN=a', upns: ['alice@ad.test'], sid })
    const wrong = authority.issue({ subject: 'CN=a', upns: ['alice@ad.test'], sid: other })
    expect((await secured.visit('/', { as: right })).status).toBe(200)
    expect((await secured.visit('/', { as: wrong })).status).toBe(401)
    expect((await secured.visit('/', { as: alices })).status).toBe(401)
  })

  test('is not said by a name that no account has', async () => {
    await using secured = await site({})
    const strangers = authority.issue({ subject: 'CN=a', upns: ['nobody@ad.test'] })
    expect((await secured.visit('/', { as: strangers })).status).not.toBe(200)
  })
})

test('with level identification the user is known, and no permission is needed', async () => {
  await using secured = await site({ level: 'identification' }, { delegation: { principal: 'web' } })
  expect(JSON.parse((await secured.visit('/', { as: alices })).body)).toMatchObject({
    who: 'alice@AD.TEST',
    level: 'identification',
  })
})

test('without the permission to vouch for users the app does not start, and the error says what to write', () => {
  const source = certificate({ ca, mapping: 'upn' })
  const build = () => stacks[0].build({ options: optionsWith([source], { delegation: { principal: 'web' } }) })
  expect(build).toThrow(
    expect.objectContaining({
      code: 'KDC_ERR_POLICY',
      hint: expect.stringContaining('delegation: { protocolTransition: true }'),
    }),
  )
})

test('a certificate is judged with each request, and a session of its user goes on', async () => {
  const session = { kind: 'cookie', keys: ['k'.repeat(32)] } as const
  await using secured = await site({}, { session })
  const first = await secured.visit('/', { as: alices })
  expect(first.cookies).toMatch(/^__Host-s4u=/)
  const second = await secured.visit('/', { as: alices, headers: { cookie: first.cookies } })
  expect([second.status, second.cookies]).toEqual([200, ''])
  const without = await secured.visit('/', { headers: { cookie: first.cookies } })
  expect(JSON.parse(without.body)).toMatchObject({ who: 'alice@AD.TEST', how: 'certificate' })
})

describe('a listener that asks for no certificates', () => {
  test('is told as the mistake that it is', async () => {
    const failures: unknown[] = []
    await using secured = await site({}, { onFailed: ({ error }) => void failures.push(error) }, {})
    expect((await secured.visit('/', { as: alices })).status).toBe(500)
    expect(failures).toEqual([
      expect.objectContaining({
        message: 'certificate: this listener has not asked the client for a certificate',
        hint: expect.stringContaining('requestCert: true, rejectUnauthorized: false'),
      }),
    ])
  })

  test('is left alone where the app says that only some listeners ask', async () => {
    await using secured = await site({ listeners: 'some' }, {}, {})
    expect((await secured.visit('/', { as: alices })).status).toBe(401)
  })

  test('does not concern a request with a Kerberos token', async () => {
    await using secured = await site({}, {}, {})
    const authorization = await new Desktop(realm, 'bob').authorization()
    expect((await secured.visit('/', { headers: { authorization } })).status).toBe(200)
  })
})

describe('behind a proxy that ends TLS', () => {
  const escaped = { 'x-client-cert': encodeURIComponent(alices.pem), 'x-forwarded-proto': 'https' }
  const proxy = { from: '127.0.0.1', header: 'X-Client-Cert', format: 'pem' } as const

  test('the certificate in the header of the named proxy counts', async () => {
    await using secured = await site({ proxy }, {}, {})
    const answer = await secured.visit('/', { headers: escaped })
    expect(JSON.parse(answer.body)).toMatchObject({ who: 'alice@AD.TEST', how: 'certificate' })
    expect((await secured.visit('/')).status).toBe(401)
  })

  test.each([
    ['via', '1.1 front'],
    ['x-forwarded-for', '192.0.2.7'],
    ['x-forwarded-proto', 'https'],
    ['forwarded', 'for=_a'],
  ])(
    'that of the connection is the one of the proxy itself, and signs none of its clients in: %s',
    async (name, value) => {
      await using secured = await site({})
      expect((await secured.visit('/', { as: alices, headers: { [name]: value } })).status).toBe(401)
    },
  )

  test('a chain that leads nowhere does not stop who brings the right one', async () => {
    const below = new Authority('CN=Below', { issuer: authority })
    const dora = below.issue({ subject: 'CN=alice', upns: ['alice@ad.test'] })
    const chainHeader = 'X-Client-Chain'
    await using secured = await site({ proxy: { ...proxy, chainHeader } }, {}, {})
    const visit = (chain: object) =>
      secured.visit('/', {
        headers: { ...escaped, 'x-client-cert': encodeURIComponent(dora.pem), ...chain },
      })
    const right = {
      'x-client-chain': `:${Buffer.from(below.certificate.der).toString('base64')}:`,
    }
    const answers = [await visit({}), await visit(right), ...(await Promise.all([visit({}), visit(right)]))]
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 401, 200])
  })

  test('that of somebody else is refused, told, and taken away', async () => {
    const failures: { code: string }[] = []
    const told = { onFailed: ({ code }: { code: string }) => void failures.push({ code }) }
    await using secured = await site({ proxy: { ...proxy, from: '10.0.0.0/8' }, listeners: 'some' }, told, {})
    expect((await secured.visit('/', { headers: escaped })).status).toBe(403)
    expect(failures).toEqual([{ code: 'S4U_UNNAMED_PROXY' }])
    const authorization = await new Desktop(realm, 'bob').authorization()
    const known = await secured.visit('/', { headers: { ...escaped, authorization } })
    expect(JSON.parse(known.body)).toMatchObject({ who: 'bob@AD.TEST', header: null })
  })

  test.each(['X_Client_Cert', 'X.Client~Cert', 'X-Client-Cert'])(
    '%s of somebody else does not reach the app',
    async (name) => {
      const unnamed = { ...proxy, from: '10.0.0.0/8' }
      const source = certificate({ ca, mapping: 'upn', proxy: unnamed, listeners: 'some', revocation: 'off' })
      const names = ({ request }: Visit): unknown => ({
        names: [...Object.keys(request.headers), ...request.rawHeaders].filter((one) => /client.cert/i.test(one)),
      })
      const { listener } = stacks[0].build({ options: optionsWith([source]), handle: names })
      await using secured = await certifiedSite(listener, {})
      const authorization = await new Desktop(realm, 'bob').authorization()
      const answer = await secured.visit('/', { headers: { [name]: escaped['x-client-cert'], authorization } })
      expect(JSON.parse(answer.body)).toEqual({ names: [] })
    },
  )
})

describe('options', () => {
  test.each<[string, object, string]>([
    ['no authority', { ca: undefined }, 'ca must have certificates'],
    ['no mapping', { mapping: undefined }, 'mapping must be one of'],
    ['another mapping', { mapping: 'email' }, 'mapping must be one of directory, upn, altSecurityIdentities, not'],
    ['another weak mapping', { weakMappings: ['all'] }, 'weakMappings must be one of'],
    ['a directory that is none', { directory: {} }, 'directory must be an object with search, account'],
    ['a word for revocation', { revocation: 'on' }, 'revocation must be one of off'],
    ['a name in place of an object identifier', { extendedKeyUsage: ['clientAuth'] }, 'is no object identifier'],
    ['another format', { proxy: { from: '::1', format: 'der' } }, 'proxy.format must be one of'],
    ['a header that is none', { proxy: { from: '::1', header: 'a b' } }, 'is not the name of a header'],
    ['a proxy by name', { proxy: { from: 'nginx' } }, 'is neither an address nor a network'],
    ['another word for listeners', { listeners: 'none' }, 'listeners must be one of all, some'],
    ['an option that there is not', { authorities: ca }, 'authorities'],
  ])('with %s are refused', (_what, wrong, message) => {
    const options = { ca, mapping: 'upn', ...wrong } as CertificateOptions
    expect(() => certificate(options)).toThrow(message)
  })

  test('a mapping that needs a directory is refused where the negotiator has none either', () => {
    const source = certificate({ ca, mapping: 'altSecurityIdentities' })
    expect(() => createNegotiator(optionsWith([source]))).toThrow('needs a directory')
  })

  test('a directory of the negotiator that knows names alone is refused at the start', async () => {
    const names = { account: async () => undefined, namesOf: async () => new Map(), sidOf: async () => undefined }
    using negotiator = createNegotiator(
      optionsWith([certificate({ ca, mapping: 'altSecurityIdentities' })], { directory: names }),
    )
    await expect(negotiator.ready()).rejects.toThrow('the directory of this negotiator cannot be searched')
  })
})
