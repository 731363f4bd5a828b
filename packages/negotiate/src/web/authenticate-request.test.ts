import { createNegotiator, type WebAuthenticateOptions, withHeaders } from '../index.js'
import { Key, Keytab, parsePrincipal } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import { negotiableOf } from './web-request.js'

const principal = parsePrincipal('HTTP/web.ad.test@AD.TEST')
const keytab = new Keytab([{ principal, kvno: 1, key: new Key(18, new Uint8Array(32)), timestamp: 0 }])
const negotiator = createNegotiator({ keytab })
const url = 'https://web.ad.test/orders?open=1'

describe('a web-standard Request', () => {
  test('without a token is answered 401, with a response to return', async () => {
    const outcome = await negotiator.authenticateRequest(new Request(url))
    expect(outcome).toMatchObject({ status: 'challenge', statusCode: 401 })
    expect(outcome.response?.status).toBe(401)
    expect(outcome.response?.headers.get('www-authenticate')).toBe('Negotiate')
    expect(await outcome.response?.text()).toBe('Sign in with Kerberos to use this service.\n')
  })

  test('passes unknown where authentication is optional', async () => {
    const outcome = await negotiator.authenticateRequest(new Request(url), { mode: 'optional' })
    expect(outcome).toMatchObject({ status: 'anonymous', headers: {} })
    expect(outcome.response).toBeUndefined()
  })

  test('has one outcome, however often it is looked at', async () => {
    const onFailed = vi.fn()
    const watched = createNegotiator({ keytab, onFailed })
    const request = new Request(url, { headers: { authorization: 'Negotiate AAAA' } })
    for (const _ of [1, 2]) expect(await watched.authenticateRequest(request)).toMatchObject({ statusCode: 401 })
    expect(onFailed).toHaveBeenCalledTimes(1)
  })

  test('is seen with path, query, host and address', () => {
    const seen = negotiableOf(new Request(url, { method: 'PUT' }), { clientAddress: '192.0.2.7' })
    expect(seen).toMatchObject({ method: 'PUT', url: '/orders?open=1', isSocketKnown: false })
    expect(seen.headers['host']).toBe('web.ad.test')
    expect(seen.socket).toEqual({ remoteAddress: '192.0.2.7', encrypted: true })
  })

  test('shares what stands for its connection with the other requests there', () => {
    const socket = {}
    const [one, two] = [new Request(url), new Request(url)].map((request) => negotiableOf(request, { socket }))
    expect(one.socket).toBe(two.socket)
    expect(negotiableOf(new Request(url), { socket: {} }).socket).not.toBe(one.socket)
  })

  test('over HTTP/2 is no place for several legs, although its socket is known', () => {
    const socket = { alpnProtocol: 'h2', remoteAddress: '192.0.2.7', destroyed: false }
    expect(negotiableOf(new Request(url), { socket })).toMatchObject({ httpVersionMajor: 2, socket })
  })
})

describe('the wrong kind of request is a mistake that says which method to call', () => {
  const node = { headers: { host: 'web.ad.test' }, method: 'GET', url: '/' }
  const wrong = <T>(call: Promise<T>) =>
    call.then(
      () => undefined,
      ({ name, message, hint }) => ({ name, message, hint }),
    )

  test('a web-standard Request in authenticate', async () => {
    const request = new Request(url)
    const expected = {
      name: 'ConfigurationError',
      message: 'authenticate was given a web-standard Request, and takes requests of node:http',
      hint: 'Write negotiator.authenticateRequest(request, { clientAddress }).',
    }
    expect(await wrong(negotiator.authenticate(request as never))).toEqual(expected)
    expect(await wrong(negotiator.authenticate({ headers: request.headers } as never))).toEqual(expected)
  })

  test('the headers of a web-standard Request in authenticateUpgrade', async () => {
    const { headers } = new Request(url)
    expect(await wrong(negotiator.authenticateUpgrade({ headers } as never))).toEqual({
      name: 'ConfigurationError',
      message: 'authenticateUpgrade was given a web-standard Request, and takes requests of node:http',
      hint: 'Write negotiator.authenticateUpgrade(request) with the whole Request.',
    })
  })

  test('a request of node:http in authenticateRequest', async () => {
    expect(await wrong(negotiator.authenticateRequest(node as never))).toEqual({
      name: 'ConfigurationError',
      message: 'authenticateRequest: the request must be a web-standard Request, and not a request of node:http',
      hint: 'Write negotiator.authenticate(request) for requests of node:http, Express or Koa (ctx.req).',
    })
  })

  test('neither of them', async () => {
    expect(await wrong(negotiator.authenticateRequest(undefined as never))).toMatchObject({
      message: expect.stringContaining('must be a web-standard Request, and not undefined'),
    })
  })
})

describe('what is said of a connection', () => {
  test.each<[WebAuthenticateOptions, string]>([
    [{ clientAddress: 'web.ad.test' }, 'clientAddress must be an IP address'],
    [{ clientAddress: '192.0.2.7:4711' }, 'clientAddress must be an IP address'],
    [{ peerCertificate: Uint8Array.of(1, 2, 3) }, 'peerCertificate must be an X.509 certificate in DER'],
    [{ socket: 7 as never }, 'socket must be the object of a connection'],
    [{ mode: 'never' as never }, 'mode must be one of'],
    [{ clientAdress: '192.0.2.7' } as never, 'clientAdress'],
  ])('is checked: %j', async (options, message) => {
    await expect(negotiator.authenticateRequest(new Request(url), options)).rejects.toThrow(message)
  })

  test('reaches the ways to sign in by certificate', () => {
    const peerCertificate = new Uint8Array(3)
    expect(negotiableOf(new Request(url), { peerCertificate }).peerCertificate).toBe(peerCertificate)
  })
})

describe('the headers of an outcome', () => {
  const headers = { 'WWW-Authenticate': 'Negotiate oRQ=', 'Set-Cookie': ['s4u=1', 's4u.1=2'], Vary: 'Cookie' }

  test('are added to a response, beside those of the app', () => {
    const own = new Response('hello', {
      headers: [
        ['set-cookie', 'theme=dark'],
        ['vary', 'Accept'],
      ],
    })
    const response = withHeaders(own, headers)
    expect(response).toBe(own)
    expect(response.headers.getSetCookie()).toEqual(['theme=dark', 's4u=1', 's4u.1=2'])
    expect(response.headers.get('vary')).toBe('Accept, Cookie')
    expect(response.headers.get('www-authenticate')).toBe('Negotiate oRQ=')
  })

  test('are added to a copy, where the response cannot be changed', async () => {
    const fixed = Response.redirect('https://web.ad.test/', 303)
    const response = withHeaders(fixed, headers)
    expect(response).toMatchObject({ status: 303 })
    expect(response.headers.get('location')).toBe('https://web.ad.test/')
    expect(response.headers.getSetCookie()).toEqual(['s4u=1', 's4u.1=2'])
  })

  test('do not make two lines of one', () => {
    const response = withHeaders(new Response(), { 'X-Realm': 'a\r\nSet-Cookie: b=c' })
    expect(response.headers.get('x-realm')).toBe('a Set-Cookie: b=c')
    expect(response.headers.getSetCookie()).toEqual([])
  })
})

describe('a handshake of a web-standard Request', () => {
  const handshake = (headers: Record<string, string> = {}) =>
    new Request(url, { headers: { upgrade: 'websocket', ...headers } })

  test('is answered with a response to return', async () => {
    const outcome = await negotiator.authenticateUpgrade(handshake(), { clientAddress: '192.0.2.7' })
    expect([outcome.status, outcome.response?.status]).toEqual(['challenge', 401])
  })

  test.each(['required', 'optional', 'off'] as const)('of a page of another site is refused, mode %s', async (mode) => {
    const lax = createNegotiator({ keytab, crossSite: 'allow' })
    const outcome = await lax.authenticateUpgrade(handshake({ origin: 'https://evil.example' }), { mode })
    expect(outcome.response?.status).toBe(403)
  })
})
