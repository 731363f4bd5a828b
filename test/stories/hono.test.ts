/**
 * What is Hono's own: sub-apps, HEAD, streams, tests without a server. That all other stories hold
 * in Hono is the stack `Hono 4`.
 */

import { getRequestListener } from '@hono/node-server'
import { fetch as fetchAsCaller } from '@s4u/fetch'
import { currentIdentity, errorHandler, negotiate, requireGroup, requireIdentity } from '@s4u/hono'
import { type FailedEvent, type NegotiatorOptions } from '@s4u/negotiate'
import { form } from '@s4u/sign-in'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { streamText } from 'hono/streaming'
import { describe, expect, test } from 'vitest'
import { CautiousClient } from './fixtures/cautious-client.js'
import { API, corporation, Desktop, PASSWORD } from './fixtures/corporation.js'
import { oneConnection, serve } from './fixtures/serve.js'
import { tlsSite } from './fixtures/tls-site.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const authorized = async () => ({ authorization: await alice.authorization() })
const hello = new Hono().get('/', (c) => c.text(c.get('identity').principal))

const listen = (app: Pick<Hono, 'fetch'>) => serve(getRequestListener(app.fetch))

describe('an app of apps', () => {
  test('protects the routes below negotiate(), and no others', async () => {
    const app = new Hono()
    app.get('/health', (c) => c.text('up'))
    app.use('/api/*', negotiate({ keytab }))
    app.route('/api/hello', hello)
    await using site = await listen(app)
    expect((await site.get('/health')).body).toBe('up')
    expect((await site.get('/api/hello')).status).toBe(401)
    const answer = await site.get('/api/hello', await authorized())
    expect([answer.body, answer.headers['www-authenticate']]).toEqual([
      'alice@AD.TEST',
      expect.stringMatching(/^Negotiate ./),
    ])
  })

  test('asks an unknown caller at single routes, in the name of the negotiator in front', async () => {
    const app = new Hono().basePath('/v1')
    app.use(negotiate({ keytab, mode: 'optional' }))
    const below = new Hono().use(requireIdentity()).route('/', hello)
    app.get('/public', (c) => c.text(c.get('identity')?.principal ?? 'stranger')).route('/private', below)
    await using site = await listen(app)
    expect((await site.get('/v1/public')).body).toBe('stranger')
    const refused = await site.get('/v1/private')
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Negotiate'])
    expect((await site.get('/v1/private', await authorized())).body).toBe('alice@AD.TEST')
  })

  test('sends a person back to the address that they asked for, below a base path', async () => {
    const kdc = { kdc: realm.transport }
    const signIn = { signIn: [form()], signInOptions: { path: '/app/orders/sign-in' } }
    const kerberos = negotiate({ keytab, kdc, delegation: { principal: 'web' }, session: 'cookie', ...signIn })
    const below = new Hono().use(kerberos).route('/', hello)
    await using site = await tlsSite(getRequestListener(new Hono().basePath('/app').route('/orders', below).fetch))
    const browser = site.browser()
    const page = await browser.get('/app/orders?page=2')
    expect(page.status).toBe(401)
    const back = await browser.submit(page, { user: 'alice', password: PASSWORD, computer: 'private' })
    expect([back.status, back.headers.location]).toEqual([303, '/app/orders?page=2'])
    expect((await browser.get('/app/orders?page=2')).body).toBe('alice@AD.TEST')
  })

  test('keeps gates behind middleware that replaces the request', async () => {
    const app = new Hono().use(negotiate({ keytab }))
    app.use(bodyLimit({ maxSize: 10 }), requireGroup(['S-1-5-21-1-2-3-512']))
    app.post('/', (c) => c.text('in'))
    await using site = await listen(app)
    const headers = { 'transfer-encoding': 'chunked' }
    expect((await site.get('/', { ...(await authorized()), method: 'POST', headers })).status).toBe(403)
  })
})

describe('answers', () => {
  test('to HEAD have the headers of GET, and no body', async () => {
    const app = new Hono().use(negotiate({ keytab })).route('/', hello)
    await using site = await listen(app)
    expect((await site.get('/', { method: 'HEAD' })).headers['www-authenticate']).toBe('Negotiate')
    const answer = await site.get('/', { ...(await authorized()), method: 'HEAD' })
    expect([answer.status, answer.body]).toEqual([200, ''])
    expect(answer.headers['www-authenticate']).toMatch(/^Negotiate ./)
  })

  test('stream as the caller, with the headers of the proof first', async () => {
    const app = new Hono().use(negotiate({ keytab, impersonateCallerForAllOperations: true }))
    app.get('/', (c) =>
      streamText(c, async (stream) => {
        await stream.write('one ')
        await stream.sleep(5)
        await stream.write(String(currentIdentity()?.principal))
      }),
    )
    await using site = await listen(app)
    const answer = await site.get('/', await authorized())
    expect(answer.body).toBe('one alice@AD.TEST')
    expect(answer.headers['www-authenticate']).toMatch(/^Negotiate ./)
  })

  test('that no route gives have the proof too', async () => {
    await using site = await listen(new Hono().use(negotiate({ keytab })))
    const answer = await site.get('/nowhere', await authorized())
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([404, expect.stringMatching(/^Negotiate ./)])
  })

  test('keep the headers of cors() in front, on a 401 as well', async () => {
    const origin = 'https://spa.ad.test'
    const app = new Hono().use(cors({ origin, credentials: true }), negotiate({ keytab, crossSite: [origin] }))
    await using site = await listen(app.route('/', hello))
    for (const more of [{}, await authorized()])
      expect((await site.get('/', { ...more, headers: { origin } })).headers).toMatchObject({
        'access-control-allow-origin': origin,
        'www-authenticate': expect.stringMatching(/^Negotiate/),
      })
  })
})

test('a backend that the caller may not use is a 403, with the reason for the operator', async () => {
  const told: unknown[] = []
  const options: NegotiatorOptions = { keytab, kdc: realm.transport, delegation: { principal: 'web', allow: [] } }
  const kerberos = negotiate({ ...options, fetch: { serviceNames: { '127.0.0.1:1': API } } })
  const app = new Hono().use(kerberos)
  app.get('/', kerberos.impersonation('required'), () => fetchAsCaller('http://127.0.0.1:1/'))
  app.onError(errorHandler({ onError: ({ code }, { req }) => void told.push([code, req.path]) }))
  await using site = await listen(app)
  const answer = await site.get('/', await authorized())
  expect([answer.status, answer.body, told]).toEqual([403, 'Forbidden\n', [['KDC_ERR_POLICY', '/']]])
})

describe('without a server, as in app.request() of a test', () => {
  test('one token signs in', async () => {
    const app = new Hono().use(negotiate({ keytab })).route('/', hello)
    expect((await app.request('/')).status).toBe(401)
    expect(await (await app.request('/', { headers: await authorized() })).text()).toBe('alice@AD.TEST')
  })

  test('several legs are refused, and the log says why', async () => {
    const failed: FailedEvent[] = []
    const app = new Hono().use(negotiate({ keytab, onFailed: (event) => void failed.push(event) }))
    // The server keeps the socket to itself, as Bun.serve and Deno.serve do.
    await using site = await serve(getRequestListener((request) => app.fetch(request)))
    const agent = oneConnection()
    expect((await new CautiousClient({ site, agent, desktop: alice }).signIn()).status).toBe(401)
    expect(failed).toMatchObject([{ code: 'GSS_S_UNAVAILABLE', error: { hint: expect.stringContaining('socket') } }])
    agent.destroy()
  })
})
