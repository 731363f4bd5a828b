import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfigFile } from './config-file.js'
import type { GatewaySettings } from './gateway-options.js'
import { formatProblem } from './problem.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 's4u-gateway-'))
  for (const name of ['gw.keytab', 'gw.pem', 'gw.key', 'session.key']) writeFileSync(join(folder, name), `${name}\n`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const WHOLE = `
kerberos: { keytab: gw.keytab, principal: svc-gateway }
session: { keys: [{ env: KEY }, { file: session.key }], maxAge: 30m }
listeners:
  - address: ':443'
    tls: { certificates: { certificate: gw.pem, key: gw.key } }
    limits: { headers: 64KB }
  - { address: '[::]:80', redirect: https }
signIn: negotiate
sites:
  - hosts: orders.example.com
    to: https://orders.ad.test
    access: [{ paths: /admin, groups: S-1-5-32-544 }]
`

function read(text: string, environment: Record<string, string> = { KEY: 'k'.repeat(40) }) {
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, text)
  const { settings, problems, name } = readConfigFile(path, environment)
  return { settings, problems: problems.map((problem) => formatProblem(problem, name)) }
}

function settingsOf(text: string): GatewaySettings {
  const { settings, problems } = read(text)
  if (settings === undefined) throw new Error(problems.join('\n'))
  return settings
}

describe('a file of configuration', () => {
  test('becomes complete settings, with every default', () => {
    const { kerberos, session, listeners, sites, operation, stopTime } = settingsOf(WHOLE)
    expect(kerberos.keytab).toBe(join(folder, 'gw.keytab'))
    expect(session.keys.map((key) => key.reveal())).toEqual(['k'.repeat(40), 'session.key'])
    expect([session.maxAge, session.sameSite, stopTime]).toEqual([1_800_000, 'lax', 30_000])
    expect(listeners[0].tls?.certificates).toEqual([
      { certificate: join(folder, 'gw.pem'), key: join(folder, 'gw.key') },
    ])
    expect(listeners.map(({ limits }) => limits.headers)).toEqual([65_536, 98_304])
    expect(sites[0].to[0].href).toBe('https://orders.ad.test/')
    expect(sites[0].delegation).toMatchObject({ as: 'kerberos' })
    expect(sites[0].access).toMatchObject([{ paths: ['/admin'], allow: 'users', methods: [] }])
    expect(operation.path).toBe('/.s4u')
  })

  test('may be JSON', () => {
    const json = { listeners: { address: ':80', plain: true }, sites: { hosts: 'a.test', to: 'http://b.test' } }
    expect(settingsOf(JSON.stringify(json, null, 1)).sites[0].hosts).toEqual(['a.test'])
  })

  test('is frozen, and has no names of Object', () => {
    const settings = settingsOf(WHOLE)
    expect([settings, settings.sites, settings.sites[0], settings.sites[0].to].every(Object.isFrozen)).toBe(true)
    expect(Reflect.get(settings.session, 'constructor')).toBeUndefined()
  })

  test('shows no secret, however it is printed', () => {
    const { session } = settingsOf(WHOLE)
    expect(JSON.stringify(session)).not.toContain('kkk')
    expect(JSON.stringify(session)).toContain('[secret]')
  })
})

const SITE = `sites: [{ hosts: a.test, to: 'http://b.test' }]\n`
const LISTENER = `listeners: [{ address: ':80', plain: true }]\n`

describe('each mistake is told with its line, what was expected, and the nearest right name', () => {
  test.each([
    [
      `${LISTENER}sites:\n  - hosts: a.test\n    to: http://b.test\n    delegaton: {}`,
      ['gateway.yaml:5:5: sites[0].delegaton is not an option; did you mean delegation?'],
    ],
    [`${LISTENER}${SITE}keytab: a`, ['gateway.yaml:3:1: keytab is not an option; did you mean kerberos.keytab?']],
    [`${LISTENER}sites:\n  - to: http://b.test`, ['gateway.yaml:3:5: sites[0].hosts is missing']],
    [SITE, ['gateway.yaml:1:1: listeners is missing']],
    [`${LISTENER}sites: []`, ['gateway.yaml:2:1: sites must have at least one entry']],
    [
      `${LISTENER}${SITE}session: { maxAge: 5 minutes }`,
      [
        'gateway.yaml:3:12: session.maxAge must be milliseconds, or a text such as 30s, 5m or 8h, up to 24d; not a text of 9 characters, which is not shown',
      ],
    ],
    [
      `${LISTENER}${SITE}session: { cookie: 'no' }`,
      ['gateway.yaml:3:12: session.cookie must be true or false, not "no"'],
    ],
    [
      `${LISTENER}${SITE}session: { sameSite: strickt }`,
      ['gateway.yaml:3:12: session.sameSite must be one of strict, lax, none, not "strickt"; did you mean strict?'],
    ],
    [
      `${LISTENER}${SITE}kerberos: { keytab: no.keytab }`,
      [`gateway.yaml:3:13: kerberos.keytab names a file that cannot be read: /FOLDER/no.keytab`],
    ],
    [
      `${LISTENER}${SITE}kerberos: { keytab: . }`,
      [`gateway.yaml:3:13: kerberos.keytab names a folder, where a file is needed: /FOLDER`],
    ],
    [
      `listeners: [{ address: 'port 80', plain: true }]\n${SITE}`,
      [
        'gateway.yaml:1:15: listeners[0].address must be host:port, [address]:port or :port, not a text of 7 characters, which is not shown',
      ],
    ],
    [
      `listeners: [{ address: ':80' }]\n${SITE}`,
      ['gateway.yaml:1:13: listeners[0] needs tls, or redirect: https, or plain: true'],
    ],
    [
      `${LISTENER}${SITE}signIn: [forms]`,
      ['gateway.yaml:3:10: signIn[0] must be one of KNOWN, not "forms"; did you mean form?'],
    ],
    [
      `listeners: [{ address: ':80', plane: true }]\n${SITE}`,
      ['gateway.yaml:1:31: listeners[0].plane is not an option; did you mean plain?'],
    ],
    [
      `${LISTENER}${SITE}session: { keys: [{ env: S4U_SESSION_KEY }] }`,
      ['gateway.yaml:3:19: session.keys[0] names a variable that is not set: S4U_SESSION_KEY'],
    ],
    [
      `${LISTENER}${SITE}session: { keys: [{ env: 3q2-kR9vGJd8mVxT }] }`,
      [
        'gateway.yaml:3:19: session.keys[0] names a variable that is not set: a text of 16 characters, which is not shown',
      ],
    ],
    [
      `${LISTENER}sites:\n  - hosts: a.test\n    to: [http://b.test, 'http://[::1]:4100']`,
      [
        'gateway.yaml:3:5: sites[0].delegation.service is missing: http://[::1]:4100 is an address, which has no service principal name; write delegation: { service: http/orders.ad.test }, with the name that is registered for the inner server, or the name of the host in `to`',
      ],
    ],
    [`${LISTENER}sites: [{ hosts: a.test, to: 'http://127.0.0.1:4100', delegation: { service: http/b.test } }]`, []],
    [`${LISTENER}sites: [{ hosts: a.test, to: 'http://127.0.0.1:4100', delegation: { as: none } }]`, []],
    [`${LISTENER}sites: [{ hosts: a.test, to: 'http://127.0.0.1:4100', access: { allow: everybody } }]`, []],
    [
      `${LISTENER}sites: [{ hosts: a.test, to: 'ldap://b.test' }]`,
      [
        'gateway.yaml:2:26: sites[0].to must be a URL such as https://orders.ad.test, without user, query and fragment; not a text of 13 characters, which is not shown',
      ],
    ],
    [
      `${LISTENER}sites: [{ hosts: a.test, to: http://b.test }, { hosts: [b.test, A.test], to: http://c.test }]`,
      ['gateway.yaml:2:47: sites[1] has the host A.test and the path /, as sites[0] has'],
    ],
    [
      `${LISTENER}sites: [{ hosts: a.test, to: http://b.test, signIn: form }, { hosts: A.test, paths: /b, to: http://b.test, signIn: { passcode: { kerberos: true } } }]`,
      [
        'gateway.yaml:2:61: sites[1] has a page to sign in, as sites[0] of the host A.test has, but other ways or origins: give both the same, or one of them a host of its own',
      ],
    ],
    [
      `${LISTENER}sites: [{ hosts: a.test, to: http://b.test, access: [{ groups: Sales }] }]`,
      [
        'gateway.yaml:2:64: sites[0].access[0].groups[0] is a name: only kerberos.directory: true knows the groups by name; or give the SID',
      ],
    ],
    [
      `${LISTENER}${SITE}signIn: { certificate: { ca: gw.pem, mapping: altSecurityIdentities } }`,
      ['gateway.yaml:3:9: signIn[0].certificate.mapping is altSecurityIdentities: that needs kerberos.directory: true'],
    ],
    [
      `${LISTENER}${SITE}signIn: { certificate: { ca: gw.pem, mapping: altSecurityIdentities } }\nkerberos: { directory: true }`,
      [],
    ],
    [
      `${LISTENER}${SITE}kerberos: { controllers: { host: dc1.ad.test } }`,
      ['gateway.yaml:3:13: kerberos.controllers means nothing without kerberos.directory: true'],
    ],
    [
      `${LISTENER}sites: [{ hosts: a.test, to: http://b.test, access: [{ networks: [10.0.0.0/33] }] }]`,
      [
        'gateway.yaml:2:67: sites[0].access[0].networks[0] must be an address or a network, such as 10.0.0.0/8 or fd00::/8',
      ],
    ],
    [
      `${LISTENER}${SITE}session: { sameSite: none, secure: false }`,
      ['gateway.yaml:3:12: session.sameSite none needs a cookie that is secure'],
    ],
    [
      `${LISTENER}${SITE}session: { maxIdle: 15m }\nforwardAuth: { from: 127.0.0.1, convention: forwarded }`,
      [
        'gateway.yaml:3:12: session.maxIdle cannot be beside forwardAuth: answers of other proxies do not renew the cookie; use maxAge',
      ],
    ],
    [
      `${LISTENER}${SITE}signIn: { passcode: { radius: { servers: radius.test } } }`,
      ['gateway.yaml:3:9: signIn[0].passcode.radius.secret is needed, or tls'],
    ],
    [`${LISTENER}${SITE}signIn: { passcode: { radius: { servers: radius.test, tls: { ca: gw.pem } } } }`, []],
    [
      `${LISTENER}${SITE}kerberos: { negotiator: {} }`,
      ['gateway.yaml:3:13: kerberos.negotiator can be given in a program only, to createGateway'],
    ],
  ] as const)('%s', (text, expected) => {
    const told = read(text).problems.map((line) =>
      line.replace(folder, '/FOLDER').replace(/one of negotiate[\w, -]*?, not/, 'one of KNOWN, not'),
    )
    expect(told).toEqual(expected)
  })

  test.each([
    ['methods: delete', 'methods must be a method in capitals'],
    ['paths: admin', 'paths must be the beginning of a path, such as /admin, without *'],
    ['paths: /admin/*', 'paths must be the beginning of a path, such as /admin, without *'],
    ['users: []', 'users must have at least one entry'],
    ['users: ', 'users must have at least one entry'],
    ['groups: []', 'groups must have at least one entry'],
    ['allow: everybody, users: bob@AD.TEST', 'allow is everybody: users and groups mean nothing then'],
  ])('a rule that would let more callers in than it says: %s', (rule, message) => {
    const { problems } = read(`${LISTENER}sites: [{ hosts: a.test, to: http://b.test, access: [{ ${rule} }] }]`)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`sites[0].access[0].${message}`)
  })

  test.each(['as: basic', 'as: none, direct: true'])(
    'passwords in the clear to an inner server, unless the site says so: %s',
    (delegation) => {
      const site = (more: string, to = 'http://b.test') =>
        read(
          `${LISTENER}sites: [{ hosts: a.test, to: [https://c.test, '${to}'], delegation: { ${delegation}${more} } }]`,
        ).problems
      expect(site('')).toEqual([
        'gateway.yaml:2:65: sites[0].delegation sends passwords in the clear to http://b.test, for everybody on the way to read: use https: in `to`, or say passwordInClear: true',
      ])
      expect(site(', passwordInClear: true')).toEqual([])
      expect(site('', 'https://b.test')).toEqual([])
    },
  )

  test('an option for passwords in the clear where none are sent', () => {
    const { problems } = read(
      `${LISTENER}sites: [{ hosts: a.test, to: http://b.test, delegation: { passwordInClear: true } }]`,
    )
    expect(problems).toEqual([
      'gateway.yaml:2:59: sites[0].delegation.passwordInClear means nothing with as: kerberos, which sends no passwords',
    ])
  })

  test('all of them at once', () => {
    const { problems } = read(`listners: []\nsites: [{ hots: a, to: 5 }]\nsession: { keys: x }`)
    expect(problems.map((line) => line.replace(/^gateway.yaml:/, ''))).toEqual([
      '1:1: listeners is missing',
      '1:1: listners is not an option; did you mean listeners?',
      '2:9: sites[0].hosts is missing',
      '2:11: sites[0].hots is not an option; did you mean hosts?',
      '2:20: sites[0].to must be a URL such as https://orders.ad.test, without user, query and fragment; not 5',
      '3:12: session.keys must not be in the file itself: write { env: NAME } or { file: PATH }',
    ])
  })
})

describe('ntlm as a way to sign in', () => {
  const withAccount = (account: string): string =>
    WHOLE.replace(
      'signIn: negotiate',
      `signIn: [negotiate, ntlm: { domain: CORP, dnsDomain: corp.test, domainSid: S-1-5-21-1-2-3, controllers: dc1.corp.test, account: ${account} }]`,
    )

  test.each(['{ name: WEB01$, keytab: gw.keytab }', '{ name: WEB01$, password: { env: KEY } }'])(
    'has the account %s, and the defaults of the library',
    (account) => {
      expect(settingsOf(withAccount(account)).signIn[1]).toMatchObject({
        name: 'ntlm',
        options: {
          ...{ domain: 'CORP', controllers: [{ host: 'dc1.corp.test', address: undefined }], kdc: [] },
          ...{ targetName: 'allow', channelBinding: undefined, mic: 'announced', timeLimit: 5_000 },
        },
      })
    },
  )

  const withControllers = (controllers: string): string =>
    withAccount('{ name: WEB01$, keytab: gw.keytab }').replace(
      'controllers: dc1.corp.test',
      `controllers: ${controllers}`,
    )

  test('has controllers by name, by name and address, and KDCs', () => {
    const text = withControllers('[dc1.corp.test, { host: dc2.corp.test, address: 10.0.0.7 }], kdc: dc9.corp.test')
    expect(settingsOf(text).signIn[1]).toMatchObject({
      options: {
        controllers: [{ host: 'dc1.corp.test' }, { host: 'dc2.corp.test', address: '10.0.0.7' }],
        kdc: ['dc9.corp.test'],
      },
    })
  })

  test.each<[string, string]>([
    ['[https://dc1]', 'controllers[0] must be a host such as dc1.corp.test, not '],
    ['[{ address: 10.0.0.7 }]', 'controllers[0].host is missing'],
    ['[{ host: dc1, address: dc2 }]', 'controllers[0].address must be an IP address such as 10.0.0.7'],
    ['[{ host: dc1, address: 10.0.0.700 }]', 'address must be an IP address such as 10.0.0.7'],
    ['[{ host: dc1, adress: 10.0.0.7 }]', 'controllers[0].adress is not an option; did you mean address?'],
    ['[5]', 'controllers[0] must be a text or an object, not a number'],
    ['[]', 'controllers must have at least one entry'],
  ])('is refused with the controllers %s', (controllers, problem) => {
    expect(read(withControllers(controllers)).problems).toEqual([expect.stringContaining(problem)])
  })

  test.each(['{ name: WEB01$ }', '{ name: WEB01$, keytab: gw.keytab, password: { env: KEY } }'])(
    'is refused with the account %s',
    (account) => {
      expect(read(withAccount(account)).problems).toEqual([
        expect.stringContaining('signIn[1].ntlm.account must have one of keytab and password'),
      ])
    },
  )

  test('is refused without the SID of its domain', () => {
    const { problems } = read(
      withAccount('{ name: WEB01$, keytab: gw.keytab }').replace('domainSid: S-1-5-21-1-2-3, ', ''),
    )
    expect(problems).toEqual([expect.stringContaining('domainSid')])
  })
})

test('the file of the README to try on one machine is right', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, example = ''] = /^```yaml\n(# try\.yaml\n[^]*?)^```$/m.exec(readme) ?? []
  expect(example).toContain('to: http://127.0.0.1:4100')
  expect(read(example).problems).toEqual([])
})
