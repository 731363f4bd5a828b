import { negotiate } from '@s4u/express'
import { formatAuthorization } from '@s4u/gssapi'
import { negotiate as negotiateInKoa } from '@s4u/koa'
import type { AuthenticatedEvent, ChallengeEvent, FailedEvent, Negotiator, NegotiatorOptions } from '@s4u/negotiate'
import express from 'express'
import Koa from 'koa'
import { once } from 'node:events'
import { type IncomingMessage, type RequestListener, request as send } from 'node:http'
import { connect, constants, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { tokenOf } from './fixtures/cautious-client.js'
import { corporation, Desktop, WEB } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'
import { type Site, stacks, stacksOverHttp2 } from './fixtures/stacks.js'

/** How a caller is asked who it is, what it is told, and what the operator hears of it. */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const NTLM = 'Negotiate TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKALpHAAAADw=='

describe.each(stacks)('$name', (stack) => {
  const open = (options: NegotiatorOptions = {}, site: Omit<Site, 'options'> = {}) =>
    serve(stack.build({ ...site, options: { keytab, ...options } }).listener)

  test('asks a caller without a token for one', async () => {
    await using site = await open()
    const answer = await site.get()
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Negotiate')
    expect([answer.headers['content-type'], answer.body]).toEqual(
      stack.answers401
        ? [undefined, 'Unauthorized']
        : ['text/plain; charset=utf-8', 'Sign in with Kerberos to use this service.\n'],
    )
  })

  test.each(['spnego', 'krb5'] as const)(
    'knows a caller with a token framed as %s, and proves itself',
    async (framing) => {
      await using site = await open()
      const initiator = await alice.initiator(WEB, { framing })
      const answer = await site.get('/', { authorization: formatAuthorization(initiator.token) })
      expect(JSON.parse(answer.body)).toMatchObject({
        principal: 'alice@AD.TEST',
        upn: 'alice@ad.test',
        sid: realm.sidOf('alice'),
        impersonationLevel: 'delegation',
      })
      expect(JSON.parse(answer.body).groups).toContain(realm.sidOf('Sales'))
      expect(initiator.step(tokenOf(answer)).status).toBe('established')
    },
  )

  test('proves itself also when the handler fails', async () => {
    const handle = (): never => {
      throw new Error('the database is away')
    }
    await using site = await open({}, { handle })
    const initiator = await alice.initiator()
    const answer = await site.get('/', { authorization: formatAuthorization(initiator.token) })
    expect(answer.status).toBe(500)
    expect(initiator.step(tokenOf(answer)).status).toBe('established')
  })

  test('tells of challenges, callers and failures, and counts them by reason', async () => {
    const heard: string[] = []
    const built = stack.build({
      options: {
        keytab,
        onChallenge: ({ reason, clientAddress }: ChallengeEvent) =>
          void heard.push(`asked ${clientAddress}: ${reason}`),
        onAuthenticated: ({ identity, by }: AuthenticatedEvent) => void heard.push(`${identity.principal} by ${by}`),
        onFailed: ({ code, mechanism }: FailedEvent) => void heard.push(`${code} ${mechanism}`),
      },
    })
    await using site = await serve(built.listener)
    await site.get()
    await site.get('/', { authorization: 'Bearer eyJ' })
    await site.get('/', { authorization: await alice.authorization() })
    await site.get('/', { authorization: NTLM })
    await site.get('/', { authorization: NTLM })
    await site.get('/', { authorization: 'Negotiate ?' })
    expect(heard).toEqual([
      'asked 127.0.0.1: no-token',
      'asked 127.0.0.1: other-scheme',
      'alice@AD.TEST by token',
      'GSS_S_BAD_MECH ntlm',
      'GSS_S_BAD_MECH ntlm',
      'GSS_S_DEFECTIVE_TOKEN undefined',
    ])
    expect(built.negotiator.counters).toEqual({
      challenged: 2,
      authenticated: { token: 1, session: 0, connection: 0, 'sign-in': 0 },
      failed: { GSS_S_BAD_MECH: 2, GSS_S_DEFECTIVE_TOKEN: 1 },
      signIn: {},
      ntlm: { byReason: { address: 2 }, byUserAgent: { unknown: 2 } },
    })
  })

  test('shows a login form where the app has one, with the reason if it wants', async () => {
    const challenge: NegotiatorOptions['challenge'] = (reason) => ({
      type: 'text/html; charset=utf-8',
      body: `<form>${reason.kind === 'refused' ? reason.code : reason.kind}</form>`,
    })
    await using site = await open({ challenge })
    const first = await site.get()
    expect(first.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(first.body).toBe('<form>no-token</form>')
    expect((await site.get('/', { authorization: NTLM })).body).toBe('<form>GSS_S_BAD_MECH</form>')
  })

  test('offers other schemes beside Negotiate, each in a line of its own', async () => {
    await using site = await open({ otherChallenges: ['Bearer', 'Basic realm="orders"'] })
    const challenges = ['Negotiate', 'Bearer', 'Basic realm="orders"']
    expect(await challengesOf(site.url)).toEqual(stack.isWeb || stack.answers401 ? [challenges.join(', ')] : challenges)
  })

  test('offers Negotiate once, when told so', async () => {
    await using site = await open({ negotiateOnce: true, otherChallenges: ['Basic realm="orders"'] })
    expect((await site.get()).headers['www-authenticate']).toBe('Negotiate, Basic realm="orders"')
    const refused = await site.get('/', { authorization: NTLM })
    expect(refused.status).toBe(401)
    expect(refused.headers['www-authenticate']).toBe('Basic realm="orders"')
  })

  test.each(['Bearer eyJhbGciOiJub25lIn0.e30.', 'Basic YWxpY2U6d29uZGVybGFuZA=='])(
    'leaves %s alone where authentication is optional, and is not fooled by it where it is required',
    async (authorization) => {
      await using optional = await open({ mode: 'optional' })
      const answer = await optional.get('/', { authorization })
      expect(answer.status).toBe(200)
      expect(JSON.parse(answer.body)).toEqual({ principal: null })
      expect(answer.headers['www-authenticate']).toBeUndefined()
      await using required = await open()
      expect((await required.get('/', { authorization })).status).toBe(401)
    },
  )

  test('refuses a wrong token also where authentication is optional', async () => {
    await using site = await open({ mode: 'optional' })
    expect((await site.get()).status).toBe(200)
    expect((await site.get('/', { authorization: NTLM })).status).toBe(401)
  })

  test('asks on some paths, looks on others, and stays away from the rest', async () => {
    const modeFor = (path: string) => (path === '/health' ? 'off' : path === '/' ? 'optional' : 'required')
    await using site = await open({}, { modeFor })
    expect((await site.get('/health', { authorization: NTLM })).status).toBe(200)
    expect((await site.get('/')).status).toBe(200)
    expect((await site.get('/orders')).status).toBe(401)
    const answer = await site.get('/', { authorization: await alice.authorization() })
    expect(JSON.parse(answer.body)).toMatchObject({ principal: 'alice@AD.TEST' })
  })

  test('asks on a single route behind optional authentication', async () => {
    await using site = await open({ mode: 'optional' }, { requireIdentity: true })
    const answer = await site.get()
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Negotiate')
    expect((await site.get('/', { authorization: await alice.authorization() })).status).toBe(200)
  })

  test('takes the address of the client from where the app says it is', async () => {
    const heard: unknown[] = []
    await using site = await open({
      clientAddress: ({ headers }) => String(headers['x-real-ip']),
      onChallenge: ({ clientAddress }) => void heard.push(clientAddress),
    })
    await site.get('/', { headers: { 'x-real-ip': '10.1.2.3' } })
    expect(heard).toEqual(['10.1.2.3'])
  })
})

describe('a caller whom another scheme has authenticated already', () => {
  const authorization = 'Bearer of-bob'

  test('is not asked again by Express', async () => {
    const app = express()
    app.use((req, _res, next) => {
      if (req.headers.authorization === authorization) Object.assign(req, { user: 'bob' })
      next()
    })
    app.use(negotiate({ keytab, mode: (req) => ('user' in req ? 'off' : 'required') }))
    app.get('/', (req, res) => void res.json({ user: 'user' in req ? req.user : req.identity.principal }))
    await expectBoth(app)
  })

  test('is not asked again by Koa', async () => {
    const app = new Koa()
    app.use((ctx, next) => {
      if (ctx.headers.authorization === authorization) ctx.state['user'] = 'bob'
      return next()
    })
    app.use(negotiateInKoa({ keytab, mode: (ctx) => (ctx.state['user'] === undefined ? 'required' : 'off') }))
    app.use((ctx) => {
      ctx.body = { user: ctx.state['user'] ?? ctx.identity.principal }
    })
    await expectBoth(app.callback())
  })

  async function expectBoth(listener: RequestListener): Promise<void> {
    await using site = await serve(listener)
    const bob = await site.get('/', { authorization })
    expect(JSON.parse(bob.body)).toEqual({ user: 'bob' })
    expect(bob.headers['www-authenticate']).toBeUndefined()
    expect((await site.get('/', { authorization: 'Bearer of-mallory' })).status).toBe(401)
    const answer = await site.get('/', { authorization: await alice.authorization() })
    expect(JSON.parse(answer.body)).toEqual({ user: 'alice@AD.TEST' })
  }
})

describe.each(stacksOverHttp2)('$name over HTTP/2', (stack) => {
  test('asks with a 401, and takes a token in each request', async () => {
    const { listener } = stack.build({ options: { keytab } })
    const first = await getOverHttp2(listener)
    expect(first).toMatchObject({ ':status': 401, 'www-authenticate': 'Negotiate' })
    expect(await getOverHttp2(listener, await alice.authorization())).toMatchObject({ ':status': 200 })
  })

  test('sends browsers to HTTP/1.1 when told so', async () => {
    const { listener } = stack.build({ options: { keytab, http2Challenge: 'http-1.1-required' } })
    const first = getOverHttp2(listener)
    if (stack.isWeb) expect(await first).toMatchObject({ ':status': 401 })
    else await expect(first).rejects.toBe(constants.NGHTTP2_HTTP_1_1_REQUIRED)
    expect(await getOverHttp2(listener, await alice.authorization())).toMatchObject({ ':status': 200 })
  })
})

describe.each(stacks)('$name, twice in front of a route', (stack) => {
  test('judges a token once', async () => {
    const { listener, negotiator } = stack.build({
      options: { keytab },
      handle: async ({ given, negotiator }) => (await authenticateAgain(negotiator, given)).status,
    })
    await using site = await serve(listener)
    const answer = await site.get('/', { authorization: await alice.authorization() })
    expect(answer.body).toMatch(/authenticated/)
    expect(negotiator.counters).toMatchObject({ authenticated: { token: 1 }, failed: {} })
  })
})

function authenticateAgain(negotiator: Negotiator, request: IncomingMessage | Request) {
  return request instanceof Request ? negotiator.authenticateRequest(request) : negotiator.authenticate(request)
}

async function challengesOf(url: string): Promise<readonly string[]> {
  const request = send(url).end()
  const [response] = await once(request, 'response')
  response.resume()
  const raw: string[] = response.rawHeaders
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1].toLowerCase() === 'www-authenticate')
}

async function getOverHttp2(listener: (...args: never) => void, authorization?: string): Promise<object> {
  const server = createHttp2Server(listener as Parameters<typeof createHttp2Server>[1]).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  try {
    const stream = client.request({ ':path': '/', ...(authorization && { authorization }) })
    return await new Promise((resolve, reject) => {
      stream.on('response', resolve)
      stream.on('error', () => reject(stream.rstCode))
      stream.on('close', () => reject(stream.rstCode))
    })
  } finally {
    client.close()
    server.close()
  }
}
