import { TLSSocket } from 'node:tls'
import { ConfigurationError } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { CrossSitePolicy, crossSiteRefusal } from './cross-site.js'
import { requestWith } from '../fixtures/requests.js'
import { isEncrypted, isPreflight, isUpgrade, type NegotiableRequest } from './request.js'

const host = 'web.ad.test'
const post = (headers: NegotiableRequest['headers'] = {}, more: Partial<NegotiableRequest> = {}) =>
  requestWith({ host, ...headers }, { method: 'POST', ...more })
const passes = (request: NegotiableRequest, policy = new CrossSitePolicy()): boolean => policy.permits(request)
const tls = (): object => Object.create(TLSSocket.prototype)

describe('what the browser says of where a request comes from', () => {
  test.each([
    ['same-origin', true],
    ['none', true],
    ['same-site', false],
    ['cross-site', false],
    ['', false],
    ['same-origin, cross-site', false],
    ['SAME-ORIGIN', false],
  ])('Sec-Fetch-Site %j passes: %s', (site, passing) => {
    expect(passes(post({ 'sec-fetch-site': site }))).toBe(passing)
    expect(passes(post({ 'sec-fetch-site': site, origin: `https://${host}` }))).toBe(passing)
  })

  test.each(['https://evil.test', 'null'])('counts for more than Origin %s, which a proxy may not know', (origin) => {
    expect(passes(post({ 'sec-fetch-site': 'same-origin', origin }))).toBe(true)
  })
})

describe('an origin', () => {
  test.each([
    ['https://web.ad.test', true],
    ['http://web.ad.test', true],
    ['https://WEB.ad.test', true],
    ['https://web.ad.test:443', true],
    ['https://web.ad.test:8443', false],
    ['https://evil.test', false],
    ['https://web.ad.test.evil.test', false],
    ['https://evil.test/web.ad.test', false],
    ['https://web.ad.test@evil.test', false],
    ['https://api.ad.test', false],
    ['null', false],
    ['', false],
    ['web.ad.test', false],
    ['file://web.ad.test', false],
    ['https://web.ad.test, https://evil.test', false],
    // Somebody may own a host of this name: a header that is missing is no host.
    ['http://undefined', false],
  ])('%j of a request to web.ad.test passes: %s', (origin, passing) => {
    expect(passes(post({ origin }))).toBe(passing)
  })

  test.each([
    ['http://web.ad.test:8080', 'web.ad.test:8080', true],
    ['http://web.ad.test:8080', 'web.ad.test', false],
    ['http://web.ad.test', 'web.ad.test:80', true],
    ['https://web.ad.test', 'web.ad.test:80', false],
    ['https://[2001:db8::1]', '[2001:DB8:0::1]', true],
    ['https://evil.test', '', false],
    ['https://evil.test', 'evil.test@web.ad.test', false],
  ])('%s of a request to host %s passes: %s', (origin, named, passing) => {
    expect(passes(post({ origin, host: named }))).toBe(passing)
  })

  test('without TLS is another one where the request came with it', () => {
    const headers = { origin: 'http://web.ad.test' }
    expect(passes(post(headers, { socket: tls() }))).toBe(false)
    expect(passes(post({ ...headers, 'x-forwarded-proto': 'https' }))).toBe(false)
    expect(passes(post({ ...headers, 'x-forwarded-proto': 'https, http' }))).toBe(false)
    expect(passes(post({ ...headers, 'x-forwarded-proto': 'http' }))).toBe(true)
    expect(passes(post({ origin: 'https://web.ad.test' }, { socket: tls() }))).toBe(true)
  })

  test('is compared with the host of HTTP/2, and with what a proxy says was asked for', () => {
    const origin = 'https://web.ad.test'
    expect(passes(post({ host: undefined, ':authority': 'web.ad.test', origin }))).toBe(true)
    expect(passes(post({ host: undefined, ':authority': 'other.test', origin }))).toBe(false)
    expect(passes(post({ host: 'backend:3000', 'x-forwarded-host': 'web.ad.test, inner', origin }))).toBe(true)
    expect(passes(post({ host: 'backend:3000', 'x-forwarded-host': 'inner, web.ad.test', origin }))).toBe(false)
    expect(passes(post({ host: undefined, origin }))).toBe(false)
  })
})

test('who is no browser says neither, and passes', () => {
  expect(passes(post())).toBe(true)
})

describe('of another site', () => {
  const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }

  test.each([
    ['GET', true],
    ['HEAD', true],
    ['OPTIONS', true],
    ['POST', false],
    ['PUT', false],
    ['PATCH', false],
    ['DELETE', false],
    ['PROPFIND', false],
    ['get', false],
    [undefined, false],
  ])('%s passes: %s', (method, passing) => {
    expect(passes(post(headers, { method }))).toBe(passing)
  })

  test('an upgrade is refused, a GET as it is, and a CONNECT over HTTP/2', () => {
    expect(passes(post({ ...headers, upgrade: 'websocket' }, { method: 'GET' }))).toBe(false)
    expect(passes(post(headers, { method: 'CONNECT', httpVersionMajor: 2 }))).toBe(false)
    expect(passes(post({ upgrade: 'websocket', origin: `http://${host}` }, { method: 'GET' }))).toBe(true)
  })

  test('all pass where that is said, but upgrades', () => {
    const policy = new CrossSitePolicy('allow')
    expect(passes(post(headers), policy)).toBe(true)
    expect(passes(post({ ...headers, upgrade: 'websocket' }, { method: 'GET' }), policy)).toBe(false)
  })

  test('the origins pass that are named, for upgrades as well, and no others', () => {
    const policy = new CrossSitePolicy([
      'https://Portal.ad.test:443',
      'http://localhost:3000',
      'chrome-extension://abcdefgh',
    ])
    const from = (origin: string, upgrade?: string) =>
      passes(post({ 'sec-fetch-site': 'same-site', origin, ...(upgrade && { upgrade }) }), policy)
    expect(from('https://portal.ad.test')).toBe(true)
    expect(from('https://portal.ad.test', 'websocket')).toBe(true)
    expect(from('http://localhost:3000')).toBe(true)
    expect(from('http://portal.ad.test')).toBe(false)
    expect(from('chrome-extension://abcdefgh')).toBe(true)
    expect(from('chrome-extension://abcdefghi')).toBe(false)
    expect(from('http://localhost:3001')).toBe(false)
    expect(from('null')).toBe(false)
    expect(passes(post({ 'sec-fetch-site': 'cross-site' }), policy)).toBe(false)
  })

  test('the log is told from where, on one line and not without end, and what to do', () => {
    const error = crossSiteRefusal(post({ ...headers, origin: `https://evil.test\n${'x'.repeat(9_000)}` }))
    expect(error).toMatchObject({ code: 'S4U_CROSS_SITE', status: 403, hint: expect.stringContaining('crossSite') })
    expect(error.message).toMatch(
      /^a page of another site sent this POST request \(sec-fetch-site: cross-site, origin: /,
    )
    expect(error.message).not.toContain('\n')
    expect(error.message.length).toBeLessThan(400)
  })
})

test.each<[unknown]>([
  ['deny'],
  [['*']],
  [['https://*.ad.test']],
  [['chrome-extension://*']],
  [['https:/portal']],
  [['https://portal.ad.test/']],
  [['portal.ad.test']],
  [['null']],
  [[7]],
  [{}],
  [['']],
])('%j is not taken for an option', (option) => {
  expect(() => new CrossSitePolicy(option as 'refuse')).toThrow(ConfigurationError)
})

test('a preflight is an OPTIONS of a browser that asks for a method', () => {
  const headers = { origin: 'https://portal.ad.test', 'access-control-request-method': 'PUT' }
  expect(isPreflight(requestWith(headers, { method: 'OPTIONS' }))).toBe(true)
  expect(isPreflight(requestWith(headers, { method: 'PUT' }))).toBe(false)
  expect(isPreflight(requestWith({ origin: headers.origin }, { method: 'OPTIONS' }))).toBe(false)
  expect(isPreflight(requestWith({ ...headers, origin: undefined }, { method: 'OPTIONS' }))).toBe(false)
})

describe('what is refused is told', () => {
  test.each<[NegotiableRequest, string]>([
    [post({ 'sec-fetch-site': 'cross-site' }), 'POST request (sec-fetch-site: cross-site)'],
    [post({ origin: 'https://evil.test' }), 'POST request (origin: https://evil.test)'],
    [
      post({ origin: 'null', 'sec-fetch-site': 'same-site', upgrade: 'websocket' }, { method: 'GET' }),
      'upgrade request (sec-fetch-site: same-site, origin: null)',
    ],
    [post({ origin: 'null' }, { method: 'CONNECT' }), 'upgrade request (origin: null)'],
    [post({}, { method: undefined }), ' request ()'],
    [
      post({ origin: 'o'.repeat(300) }, { method: 'M'.repeat(300) }),
      `${'M'.repeat(200)} request (origin: ${'o'.repeat(200)})`,
    ],
  ])('in words: %#', (request, what) => {
    const error = crossSiteRefusal(request)
    expect(error.message).toBe(`a page of another site sent this ${what}`)
    expect(error.hint).toBe(
      'If that page is yours, name its origin in crossSite. If that page is one of this site, a proxy changes Host: ' +
        'let it pass Host on, or add X-Forwarded-Host.',
    )
    expect(error).toMatchObject({ name: 'RejectedTokenError', code: 'S4U_CROSS_SITE', status: 403 })
  })

  test.each<[unknown, string]>([
    ['deny', 'crossSite must be refuse, allow, or a list of origins'],
    ['', 'crossSite must be refuse, allow, or a list of origins'],
    [{ length: 0 }, 'crossSite must be refuse, allow, or a list of origins'],
    [['https://*.ad.test'], 'crossSite: one of its entries is no origin'],
    [[7], 'crossSite: one of its entries is no origin'],
  ])('an option %j, too', (option, message) => {
    const hint =
      "Write what browsers send as Origin: ['https://portal.ad.test', 'http://localhost:3000'], each by itself, without a star."
    const error = expect.objectContaining({ name: 'ConfigurationError', message, hint })
    expect(() => new CrossSitePolicy(option as 'refuse')).toThrow(error)
  })
})

test.each([
  'https://portal.ad.test',
  'HTTP://portal.ad.test:8080',
  'chrome-extension://abcdefgh',
  'Capacitor://localhost',
  'a+b.c-d9://x',
])('%j may be listed', (entry) => {
  const origin = entry.startsWith('HTTP:') ? 'http://portal.ad.test:8080' : entry
  expect(passes(post({ origin }), new CrossSitePolicy([entry]))).toBe(true)
})

test.each([
  ' https://portal.ad.test',
  'https://portal.ad.test ',
  'xhttps://portal.ad.test/',
  'https://portal.ad.test?x',
  'https://portal.ad.test#x',
  'https://portal.ad.test\\x',
  'https://a@portal.ad.test',
  'https://portal ad.test',
  'https://[',
  'https://',
  'http://:80',
  '9app://x',
  ' app://x',
  'app:/x',
  'app://',
  'app://x/',
  'app://x?',
  'app://x#',
  'app://x@y',
  'app://x\\y',
  'app://x y',
  'app://x\ny',
  'a_b://x',
  'https://a,https://b/',
])('%j may not', (entry) => {
  expect(() => new CrossSitePolicy([entry])).toThrow('crossSite: one of its entries is no origin')
})

test('nothing is allowed unless it is said', () => {
  const foreign = post({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' })
  for (const policy of [new CrossSitePolicy(), new CrossSitePolicy('refuse'), new CrossSitePolicy([])])
    expect(passes(foreign, policy)).toBe(false)
})

test('an upgrade is one by its header, or by its method', () => {
  expect(isUpgrade(requestWith({ upgrade: '' }, { method: 'GET' }))).toBe(true)
  expect(isUpgrade(requestWith({}, { method: 'CONNECT' }))).toBe(true)
  expect(isUpgrade(requestWith({}, { method: 'GET' }))).toBe(false)
})

test('TLS is seen at the connection, or told by the first proxy', () => {
  expect(isEncrypted(post({}, { socket: tls() }))).toBe(true)
  expect(isEncrypted(post({}, { socket: {} }))).toBe(false)
  expect(isEncrypted(post())).toBe(false)
  expect(isEncrypted(post({ 'x-forwarded-proto': ' https , http' }))).toBe(true)
  expect(isEncrypted(post({ 'x-forwarded-proto': 'http, https' }))).toBe(false)
})
