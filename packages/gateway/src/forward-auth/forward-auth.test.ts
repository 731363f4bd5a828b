import type { CallerIdentity } from '@s4u/negotiate'
import { expect, describe, test } from 'vitest'
import { requestOf } from '../fixtures/requests.js'
import type { ReceivedRequest } from '../requests/steps.js'
import { createForwardAuth } from './forward-auth.js'
import { permit } from './permit.js'
import { userHeadersWith } from '../delegation/user-headers.js'

type Convention = 'original' | 'forwarded' | 'path'

const PATH = '/.s4u'

/** A check as it comes from a proxy. */
function checkFrom(
  address: string,
  headers: readonly (readonly [string, string])[],
  changes: Partial<Omit<ReceivedRequest, 'request'>> = {},
): ReceivedRequest {
  const check = requestOf({ path: `${PATH}/authorize`, headers: Object.fromEntries(headers), ...changes })
  Object.defineProperty(check.request, 'rawHeaders', { value: headers.flat() })
  Object.defineProperty(check.request.socket, 'remoteAddress', { value: address })
  return check
}

const original = (convention: Convention, check: ReceivedRequest) =>
  createForwardAuth({ from: ['127.0.0.1', '10.0.0.0/8'], convention }, PATH).originalOf(check)

const FORWARDED = [
  ['x-forwarded-method', 'POST'],
  ['x-forwarded-proto', 'https'],
  ['x-forwarded-host', 'orders.example.com:8443'],
  ['x-forwarded-uri', '/a//b?x=%2f'],
  ['x-forwarded-for', '10.9.9.9, 192.0.2.1'],
] as const
const ORIGINAL = [
  ['x-original-method', 'POST'],
  ['x-original-url', 'https://orders.example.com:8443/a//b?x=%2f'],
  ['x-forwarded-for', '192.0.2.1'],
] as const
const BY_PATH = [
  ['host', 'orders.example.com:8443'],
  ['x-forwarded-proto', 'https'],
  ['x-forwarded-for', '192.0.2.1'],
] as const

describe('what a proxy asks about', () => {
  test.each([
    ['original', ORIGINAL, {}],
    ['forwarded', FORWARDED, {}],
    ['path', BY_PATH, { method: 'POST', path: `${PATH}/authorize/a//b`, query: '?x=%2f' }],
  ] as const)('is read by the convention %s, octet by octet', (convention, headers, changes) => {
    const found = original(convention, checkFrom('10.1.2.3', headers, changes))
    expect(found).toMatchObject({
      ...{ method: 'POST', scheme: 'https', host: 'orders.example.com', port: 8443 },
      ...{ path: '/a//b', query: '?x=%2f', clientAddress: '192.0.2.1' },
    })
    const { method, url, headers: seen } = found.request
    expect([method, url, seen.host, seen['x-forwarded-proto']]).toEqual([
      'POST',
      '/a//b?x=%2f',
      'orders.example.com:8443',
      'https',
    ])
  })

  test.each([
    ['original', FORWARDED],
    ['forwarded', ORIGINAL],
    ['path', ORIGINAL],
  ] as const)('in another convention than %s is not read', (convention, headers) => {
    expect(() => original(convention, checkFrom('127.0.0.1', headers, { path: `${PATH}/authorize/x` }))).toThrow(
      /^request\.headers\.(?:x-original-url|x-forwarded-method|x-forwarded-proto): expected one value, found none$/,
    )
  })

  test('by a header that comes twice is refused: one of the two is a client’s', () => {
    for (const [name] of FORWARDED.slice(0, 4))
      expect(() => original('forwarded', checkFrom('127.0.0.1', [...FORWARDED, [name, '/admin']]))).toThrow(
        `request.headers.${name}: expected one value, found several`,
      )
  })

  test.each([
    ['x-forwarded-host', 'evil.test/x', 'request.headers.host: expected a host, found another text'],
    ['x-forwarded-host', 'a b', 'request.headers.host: expected a host, found another text'],
    ['x-forwarded-uri', 'http://evil.test/', 'request.target: expected a path, found another form'],
    ['x-forwarded-uri', '/a\\b', 'request.target: expected a path and a query, found a backslash or a fragment'],
    ['x-forwarded-proto', 'ftp', 'request.scheme: expected http or https, found another text'],
    ['x-forwarded-proto', 'https, http', 'request.scheme: expected http or https, found another text'],
    ['x-forwarded-method', 'get', 'request.method: expected a method, found another text'],
    ['x-forwarded-method', 'GET /x', 'request.method: expected a method, found another text'],
  ])('%s: %s is refused', (name, value, message) => {
    const headers = FORWARDED.map(([one, before]) => [one, one === name ? value : before] as const)
    expect(() => original('forwarded', checkFrom('127.0.0.1', headers))).toThrow(message)
  })

  test.each(['orders.example.com', 'https://', '//orders.example.com/', 'https:orders.example.com/'])(
    'X-Original-URL %s is refused',
    (url) => {
      const headers = [['x-original-method', 'GET'] as const, ['x-original-url', url] as const]
      expect(() => original('original', checkFrom('127.0.0.1', headers))).toThrow(
        'request.headers.x-original-url: expected a whole URL, found another text',
      )
    },
  )

  test('by a machine that is not named is refused, whatever its headers say', () => {
    const said = [...FORWARDED, ['x-real-ip', '127.0.0.1'] as const]
    for (const address of ['192.0.2.7', '11.0.0.1', '::1', '::ffff:192.0.2.7']) {
      let error: unknown
      try {
        original('forwarded', checkFrom(address, said, { clientAddress: '127.0.0.1' }))
      } catch (thrown) {
        error = thrown
      }
      expect(error).toMatchObject({ name: 'RejectedTokenError', code: 'S4U_PEER_NOT_NAMED', status: 403 })
    }
    expect(original('forwarded', checkFrom('::ffff:10.0.0.1', said)).method).toBe('POST')
  })

  test.each([
    [undefined, undefined],
    ['unknown', undefined],
    ['10.0.0.1, evil"}', undefined],
    ['evil, 2001:db8::7', '2001:db8::7'],
  ])('X-Forwarded-For %s is the client %s', (value, client) => {
    const headers = [...FORWARDED.slice(0, 4), ...(value === undefined ? [] : [['x-forwarded-for', value] as const])]
    expect(original('forwarded', checkFrom('127.0.0.1', headers)).clientAddress).toBe(client)
  })

  test('about a WebSocket is seen as a handshake, although proxies take Upgrade away', () => {
    const upgradeOf = (...more: readonly (readonly [string, string])[]) =>
      original('forwarded', checkFrom('127.0.0.1', [...FORWARDED, ...more])).request.headers.upgrade
    expect([upgradeOf(), upgradeOf(['sec-websocket-key', 'abc'])]).toEqual([undefined, 'websocket'])
  })
})

describe('the path', () => {
  test.each([
    ['forwarded', '/.s4u/authorize', 'authorize'],
    ['forwarded', '/.s4u/challenge', 'challenge'],
    ['forwarded', '/.s4u/authorize/x', undefined],
    ['forwarded', '/.s4u/authorized', undefined],
    ['forwarded', '/authorize', undefined],
    ['path', '/.s4u/authorize', 'authorize'],
    ['path', '/.s4u/authorize/orders', 'authorize'],
    ['path', '/.s4u/challenge/orders', 'challenge'],
    ['path', '/.s4u/authorized', undefined],
  ] as const)('by the convention %s %s is %s', (convention, path, check) => {
    expect(createForwardAuth({ from: ['::1'], convention }, PATH).checkOf(requestOf({ path }))).toBe(check)
  })
})

describe('the answer that lets a request pass', () => {
  const caller = { principal: 'alice@AD.TEST', groups: ['S-1-5-21-1'] } as unknown as CallerIdentity
  const credential = (headers: Record<string, string>) => ({ headers, judge: () => ({ use: 'pass' }) as const })

  test('has the ticket and the user, and is kept by no cache', async () => {
    const answerHeaders = { 'Set-Cookie': ['s=1'] }
    const who = await userHeadersWith(false)(caller)
    expect(permit(requestOf({ caller, answerHeaders }), credential({ authorization: 'Negotiate YII' }), who)).toEqual({
      statusCode: 200,
      headers: {
        'Set-Cookie': ['s=1'],
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'same-origin',
        Authorization: 'Negotiate YII',
        'X-S4U-User': 'alice@AD.TEST',
        'X-S4U-Groups': 'S-1-5-21-1',
      },
      body: '',
    })
  })

  test('has every promised header, empty where there is nothing, so that a client’s own is replaced', async () => {
    expect(permit(requestOf(), credential({}), await userHeadersWith(false)(undefined)).headers).toMatchObject({
      Authorization: '',
      'X-S4U-User': '',
      'X-S4U-Groups': '',
    })
  })
})
