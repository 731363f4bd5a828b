/**
 * Keytabs, passwords and tokens in the wrong option, variable or header. Whoever reads the log of a
 * service must not learn them: nothing of them is in a message, a hint, a cause or a property of an
 * error, nor in an event.
 */
import { ACCEPT_CHANNEL, accessCheck, createAcceptor } from '@s4u/acceptor'
import { Connections, createFetch } from '@s4u/fetch'
import { createKdcClient, KDC_CHANNEL, type KdcClientOptions, openCredentialCache } from '@s4u/kdc-client'
import {
  encodeCcache,
  encryptionTypeByName,
  Key,
  Keytab,
  parseKrb5Conf,
  parsePrincipal,
  parseSid,
  parseSpn,
} from '@s4u/krb5'
import { createNegotiator, groupGate, type NegotiatorOptions } from '@s4u/negotiate'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'

const octets = (first: number, count = 32): Uint8Array =>
  Uint8Array.from({ length: count }, (_, at) => (first + at * 37) & 0xff)
const keytab = new Keytab([
  { principal: parsePrincipal('HTTP/web.ad.test@AD.TEST'), kvno: 1, key: new Key(18, octets(0xc1)), timestamp: 0 },
  { principal: parsePrincipal('svc-web@AD.TEST'), kvno: 1, key: new Key(18, octets(0xa7)), timestamp: 0 },
])
const base64 = Buffer.from(keytab.encode()).toString('base64')
const contents = {
  principal: parsePrincipal('svc-web@AD.TEST'),
  kdcOffset: 0,
  settings: [],
  credentials: [],
}
const ccache = encodeCcache(contents)

/** Each with parts that show it: whole, or any that a message might cut out. */
const secrets: Readonly<Record<string, string>> = {
  'a password': 'Tr0ub4dor&3',
  'a password with what separates names': 'Tr0ub@4dor/&3',
  'a password with a colon': 'secret:Tr0ub4dor&3',
  'a passphrase': 'correct horse battery staple',
  'a damaged keytab in base64': `${base64.slice(0, 80)}!${base64.slice(80)}`,
  'a keytab in base64 that is cut short': base64.slice(0, 101),
  'half of a keytab in base64': base64.slice(60),
  'a credential cache in base64': Buffer.from(ccache).toString('base64'),
  'a key in hexadecimal': Buffer.from(octets(0xe3)).toString('hex'),
  'a key in base64': Buffer.from(octets(0xf8)).toString('base64'),
  'a key in base64 that begins like a path': `/${Buffer.from(octets(0x91)).toString('base64').slice(1)}`,
  'a key in base64url': Buffer.from(octets(0xfb)).toString('base64url'),
  'a private key': `-----BEGIN PRIVATE KEY-----\n${Buffer.from(octets(0x31, 96)).toString('base64')}\n-----END PRIVATE KEY-----\n`,
  'a bearer token': 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
  'a Negotiate header': `Negotiate ${Buffer.from(octets(0x60, 90)).toString('base64')}`,
  'a URL with a password': 'https://svc-web:Tr0ub4dor3@proxy.ad.test/KdcProxy',
  'a URL with a token': 'https://proxy.ad.test/Kdc Proxy?token=Tr0ub4dor3',
}

function partsOf(secret: string): string[] {
  const windows = Array.from({ length: Math.max(0, secret.length - 15) }, (_, at) => secret.slice(at, at + 16))
  return [
    secret,
    'Tr0ub',
    '4dor',
    'horse battery',
    ...windows.filter((part) => !/^[A-Za-z]+:\/\/|^-----|proxy\.ad|svc-web|PRIVATE KEY|^A+$/.test(part)),
  ]
}

function expectNothingOf(secret: string, shown: unknown): void {
  const text = [
    inspect(shown, { depth: 20, showHidden: true, maxStringLength: 100_000 }),
    String(shown),
    JSON.stringify(shown) ?? '',
  ].join('\n')
  const squeezed = text.replaceAll(/'\s*\+\s*'|\\n|\s+/g, ' ')
  for (const part of partsOf(secret)) {
    if (text.includes(part) || squeezed.includes(part.replaceAll(/\s+/g, ' ')))
      expect.fail(`shows ${part}:\n${text.slice(0, 2_000)}`)
  }
}

async function faultOf(run: () => unknown): Promise<unknown> {
  try {
    await run()
    return undefined
  } catch (error) {
    return error
  }
}

const kdc = (options: Partial<KdcClientOptions>): unknown =>
  createKdcClient({ realm: 'AD.TEST', kdc: '127.0.0.1:1', credentials: { keytab }, ...options })
const web = (options: object): unknown => createNegotiator({ keytab, ...options } as NegotiatorOptions)
const webWithKdc = () =>
  createNegotiator({
    keytab,
    kdc: () => Promise.reject(new Error('not asked')),
    delegation: { principal: 'svc-web', protocolTransition: true },
  })
const never = async (): Promise<never> => Promise.reject(new Error('not asked'))
const out = (options: object): unknown => createFetch({ ticketFor: never, ...options })
const odd = <T>(value: unknown): T => value as T

/** Where a text of the app's goes in. */
const places: Readonly<Record<string, (secret: string) => unknown>> = {
  'the keytab of an acceptor': (s) => createAcceptor({ keytab: s }).ready(),
  'a list of keytabs': (s) => createAcceptor({ keytab: [keytab, s] }).ready(),
  'a FILE: keytab': (s) => createAcceptor({ keytab: `FILE:${s}` }).ready(),
  'what a keytab provider gives': (s) => createAcceptor({ keytab: () => s }).ready(),
  'the octets of a keytab': (s) => createAcceptor({ keytab: Buffer.from(s) }).ready(),
  service: (s) => createAcceptor({ keytab, service: s }).ready(),
  serviceAliases: (s) => createAcceptor({ keytab, serviceAliases: [s] }).ready(),
  channelBinding: (s) => createAcceptor({ keytab, channelBinding: odd(s) }),
  clockSkew: (s) => createAcceptor({ keytab, clockSkew: odd(s) }),
  onReplayStoreDown: (s) => createAcceptor({ keytab, onReplayStoreDown: odd(s) }),
  'a realm in domainSids': (s) => createAcceptor({ keytab, domainSids: { [s]: odd(s) } }),
  'a SID in domainSids': (s) => createAcceptor({ keytab, domainSids: { 'AD.TEST': s } }),
  'the same realm twice in domainSids': (s) =>
    createAcceptor({ keytab, domainSids: { [s]: false, [s.replace('T', 't')]: false } }),
  domainSids: (s) => createAcceptor({ keytab, domainSids: odd(s) }),
  foreignPac: (s) => createAcceptor({ keytab, foreignPac: odd([s]) }),
  'a realm in foreignPac': (s) => createAcceptor({ keytab, foreignPac: { [s]: odd(s) } }),
  'a realm in mayVouchFor': (s) => createAcceptor({ keytab, mayVouchFor: { [s]: odd(s) } }),
  mayVouchFor: (s) => createAcceptor({ keytab, mayVouchFor: odd(s) }),
  trustedRealms: (s) => createAcceptor({ keytab, trustedRealms: odd(s) }),
  requirePac: (s) => createAcceptor({ keytab, requirePac: odd(s) }),
  allowAnonymous: (s) => createAcceptor({ keytab, allowAnonymous: odd(s) }),
  allowWeakEncryption: (s) => createAcceptor({ keytab, allowWeakEncryption: odd(s) }),
  checkAddresses: (s) => createAcceptor({ keytab, checkAddresses: odd(s) }),
  openedTicketCacheSize: (s) => createAcceptor({ keytab, openedTicketCacheSize: odd(s) }),
  ticketCacheSize: (s) => createAcceptor({ keytab, ticketCacheSize: odd(s) }),
  forwardedTickets: (s) => createAcceptor({ keytab, forwardedTickets: odd(s) }),
  replayCache: (s) => createAcceptor({ keytab, replayCache: odd(s) }),
  now: (s) => createAcceptor({ keytab, now: odd(s) }),
  onEvent: (s) => createAcceptor({ keytab, onEvent: odd(s) }),
  ownTicket: (s) => createAcceptor({ keytab, ownTicket: odd(s) }),
  'a rule of localNames': (s) => createAcceptor({ keytab, localNames: [`RULE:[1:$1@$0](${s})`, s] }),
  'a name of localNames': (s) => createAcceptor({ keytab, localNames: { names: { [s]: odd(5) } } }),
  localNames: (s) => createAcceptor({ keytab, localNames: odd(s) }),
  'a name that is no option': (s) => createAcceptor(odd({ keytab, [s]: true })),
  'the keytab of a KDC client': (s) => kdc({ credentials: { keytab: s } }),
  'the octets of a KDC client’s keytab': (s) => kdc({ credentials: { keytab: Buffer.from(s) } }),
  'the principal of a keytab': (s) => kdc({ credentials: { keytab, principal: s } }),
  'the principal of a password': (s) => kdc({ credentials: { principal: s, password: 'svc-web' } }),
  ccache: (s) => kdc({ credentials: { ccache: s } }),
  'a FILE: ccache': (s) => kdc({ credentials: { ccache: `FILE:${s}` } }),
  'the octets of a ccache': (s) => kdc({ credentials: { ccache: Buffer.from(s) } }),
  'the name of a credential cache': (s) => openCredentialCache(s).read(),
  'the name of a cache in a KCM': (s) => openCredentialCache(`KCM:${s}`).read(),
  'the name of a folder of caches': (s) => openCredentialCache(`DIR:${s}`).read(),
  kdc: (s) => kdc({ kdc: s }),
  'a list of KDCs': (s) => kdc({ kdc: ['kdc.ad.test', s] }),
  'the KDC of a realm': (s) => kdc({ kdc: { 'AD.TEST': s } }),
  krb5Config: (s) => kdc({ kdc: undefined, krb5Config: s.replaceAll(':', '.') }),
  'the mode of a negotiator': (s) => web({ mode: s }),
  'a negotiator’s session': (s) => web({ session: s }),
  'a session’s keys': (s) => web({ session: { kind: 'cookie', keys: [s.slice(0, 20)] } }),
  'a session’s name': (s) => web({ session: { kind: 'cookie', name: s } }),
  otherChallenges: (s) => web({ otherChallenges: [`${s}\n`] }),
  'delegation.principal': (s) => web({ delegation: { principal: s }, kdc: '127.0.0.1:1' }),
  'delegation.allow': (s) => web({ delegation: { allow: [s] } }),
  'delegation.forwardedTickets': (s) => web({ delegation: { forwardedTickets: s } }),
  delegation: (s) => web({ delegation: s }),
  'delegation.allow, without a list': (s) => web({ delegation: { allow: s } }),
  'the age of an answer': (s) => webWithKdc().identityFor('bob', { maxAge: odd(s) }),
  'the freshness of an answer': (s) => webWithKdc().identityFor('bob', { fresh: odd(s) }),
  'an option of identityFor': (s) => webWithKdc().identityFor('bob', odd({ [s]: true })),
  crossSite: (s) => web({ crossSite: s }),
  'an origin of crossSite': (s) => web({ crossSite: [s] }),
  corsPreflight: (s) => web({ corsPreflight: s }),
  tlsCertificate: (s) => web({ tlsCertificate: s }),
  http2Challenge: (s) => web({ http2Challenge: s }),
  kdcTimeLimit: (s) => web({ kdcTimeLimit: s, kdc: '127.0.0.1:1' }),
  'kdc.timeLimit': (s) => web({ kdc: { timeLimit: s } }),
  'kdc.domains': (s) => web({ kdc: { domains: s } }),
  'kdc.cache.shared': (s) => web({ kdc: { cache: { shared: s } } }),
  'an option of kdc': (s) => web({ kdc: { fast: 'off', [s]: true } }),
  'kdc.fast': (s) => web({ kdc: { fast: s } }),
  'domains of a negotiator': (s) => web({ domains: { [s]: s }, kdc: '127.0.0.1:1' }),
  ticketCache: (s) => web({ ticketCache: s, kdc: '127.0.0.1:1' }),
  'ticketCache.refusedFor': (s) => web({ ticketCache: { refusedFor: s }, kdc: '127.0.0.1:1' }),
  'ticketCache.shared': (s) => web({ ticketCache: { shared: s }, kdc: '127.0.0.1:1' }),
  'the secret of a shared cache': (s) =>
    web({ ticketCache: { shared: { store: new Map(), secret: s.slice(0, 20) } }, kdc: '127.0.0.1:1' }),
  'encryption types': (s) => web({ encryptionTypes: [s], kdc: '127.0.0.1:1' }),
  'a session’s age': (s) => web({ session: { kind: 'cookie', maxAge: s } }),
  'a session’s domain': (s) => web({ session: { kind: 'cookie', domain: s } }),
  'a session’s path': (s) => web({ session: { kind: 'cookie', path: s } }),
  'a session’s kind': (s) => web({ session: { kind: s } }),
  'delegation.protocolTransition': (s) => web({ delegation: { protocolTransition: s } }),
  requireGroup: (s) => groupGate(s),
  'fetch’s origins': (s) => out({ origins: [s] }),
  'fetch’s mutualAuthentication': (s) => out({ mutualAuthentication: s }),
  'fetch’s preemptive': (s) => out({ preemptive: s }),
  'fetch’s proxy': (s) => new Connections({ proxy: { url: s } }).withoutIdentity(),
  'a principal': (s) => parsePrincipal(s),
  'an SPN': (s) => parseSpn(s),
  'a SID': (s) => parseSid(s),
  'an encryption type': (s) => encryptionTypeByName(s),
  'a security descriptor': (s) => accessCheck(s, 1, { sid: 'S-1-5-21-1-2-3-4', groups: [] }),
  'access rights': (s) => accessCheck('D:', s, { sid: 'S-1-5-21-1-2-3-4', groups: [] }),
  'a line of krb5.conf': (s) =>
    parseKrb5Conf(`[libdefaults]\n clockskew = ${s.replaceAll('\n', '')}`).duration('libdefaults', 'clockskew'),
  'a KDC of krb5.conf': (s) => parseKrb5Conf(`[realms]\n R = {\n kdc = ${s.replaceAll('\n', '')}\n}`).kdcsOf('R'),
}

/** Where nothing is refused without asking the network. */
const UNREFUSED: readonly string[] = [
  'the principal of a password',
  'krb5Config',
  'delegation.protocolTransition',
  'domains of a negotiator',
  'a name of localNames',
]

const events: unknown[] = []
const listen = (event: unknown): void => void events.push(event)
for (const name of [ACCEPT_CHANNEL, KDC_CHANNEL]) subscribe(name, listen)
afterAll(() => {
  for (const name of [ACCEPT_CHANNEL, KDC_CHANNEL]) unsubscribe(name, listen)
})
afterEach(() => {
  events.length = 0
  vi.unstubAllEnvs()
})

describe.each(Object.entries(places))('%s', (place, use) => {
  test.each(Object.entries(secrets))('that is %s shows nothing of it', async (_what, secret) => {
    const fault = await faultOf(() => use(secret))
    expectNothingOf(secret, fault)
    expectNothingOf(secret, events)
  })

  if (UNREFUSED.includes(place)) return
  test('refuses at least one of them, so that something was looked at', async () => {
    const faults = await Promise.all(Object.values(secrets).map((secret) => faultOf(() => use(secret))))
    expect(faults.filter((fault) => fault !== undefined).length).toBeGreaterThan(0)
    for (const fault of faults.filter((one) => one !== undefined)) expect(fault).toHaveProperty('code')
  })
})

describe.each(['KRB5_KTNAME', 'KRB5CCNAME', 'KRB5_CONFIG'])('the variable %s', (variable) => {
  test.each(Object.entries(secrets))('that holds %s shows nothing of it', async (_what, secret) => {
    vi.stubEnv(variable, secret)
    for (const use of [
      () => createAcceptor({}).ready(),
      () => createNegotiator({}).ready(),
      () => kdc({ credentials: { ccache: true } }),
      () => createKdcClient({ credentials: { keytab } }),
    ])
      expectNothingOf(secret, await faultOf(use))
    expectNothingOf(secret, events)
  })
})

describe('an Authorization header', () => {
  test.each(Object.entries(secrets))('that is %s is in no event, error or answer', async (_what, secret) => {
    const told: unknown[] = []
    const negotiator = createNegotiator({
      keytab,
      onFailed: ({ error, code, mechanism }) => told.push(error, code, mechanism),
      onChallenge: ({ reason }) => told.push(reason),
      onEvent: (event) => told.push(event),
    })
    const outcome = await negotiator.authenticate({ headers: { authorization: secret } })
    expect(outcome.status).toBe('challenge')
    expectNothingOf(secret, [outcome, told, events])
    negotiator[Symbol.dispose]()
  })
})

describe('a keytab in base64', () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-base64-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const inFile = (name: string, text: string | Uint8Array): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const wrapped = `\n  ${base64.replaceAll(/.{64}/g, '$&\r\n')}\n`
  const url = Buffer.from(keytab.encode()).toString('base64url')

  test.each([
    ['as a text', base64],
    ['in lines', wrapped],
    ['in the alphabet of URLs', url],
    ['as octets', Buffer.from(base64)],
    ['in a file', inFile('one.b64', base64)],
    ['in a file, in lines', inFile('lines.keytab', wrapped)],
    ['in a file that says its encoding', inFile('bom.keytab', `\ufeff${base64}`)],
    ['from a provider, as a text', () => base64],
    ['from a provider, as octets', async () => Buffer.from(wrapped)],
    ['among others', [base64, inFile('two.keytab', keytab.encode())]],
  ])('is taken %s', async (_how, source) => {
    const acceptor = createAcceptor({ keytab: source })
    await acceptor.ready()
    expect(acceptor.principals).toEqual(['HTTP/web.ad.test@AD.TEST'])
    expect(inspect(acceptor, { depth: 20 })).not.toContain(base64.slice(0, 40))
    acceptor[Symbol.dispose]()
  })

  test('is taken by a KDC client too, and from the environment', async () => {
    expect(createKdcClient({ kdc: '127.0.0.1:1', credentials: { keytab: base64 } }).principal).toBe('svc-web@AD.TEST')
    const path = inFile('client.b64', wrapped)
    expect(createKdcClient({ kdc: '127.0.0.1:1', credentials: { keytab: path } }).principal).toBe('svc-web@AD.TEST')
    vi.stubEnv('KRB5_KTNAME', base64)
    await expect(createAcceptor({}).ready()).resolves.toBeUndefined()
  })

  test('that is damaged is named as such, and a path as a path', async () => {
    await expect(faultOf(() => createAcceptor({ keytab: base64.slice(0, 100) }).ready())).resolves.toMatchObject({
      code: 'KRB5_KT_FORMAT',
      message: expect.stringContaining('base64'),
    })
    for (const path of [
      'web.keytab',
      './web',
      '/etc/krb5/web',
      join(folder, 'none'),
      '../conf/web.kt',
      'C:\\keys\\web.keytab',
    ])
      await expect(faultOf(() => createAcceptor({ keytab: path }).ready())).resolves.toMatchObject({
        code: 'KRB5_KT_NOTFOUND',
        message: expect.stringContaining(path),
      })
  })
})
