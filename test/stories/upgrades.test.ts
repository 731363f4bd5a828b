import { once } from 'node:events'
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { formatAuthorization } from '@s4u/gssapi'
import { createNegotiator, type FailedEvent, type NegotiatorOptions } from '@s4u/negotiate'
import { describe, expect, test, vi } from 'vitest'
import { CautiousClient } from './fixtures/cautious-client.js'
import { selfSigned } from './fixtures/certificate.js'
import { corporation, Desktop, WEB } from './fixtures/corporation.js'
import { type HandshakeServer, serveHandshakes } from './fixtures/handshake.js'
import type { Answer } from './fixtures/serve.js'

/** WebSocket handshakes, which go past every framework. */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const keys = ['k'.repeat(32)]
const tls = selfSigned('web.ad.test')

const serve = async (options: NegotiatorOptions = {}, more: Parameters<typeof serveHandshakes>[1] = {}) =>
  serveHandshakes(createNegotiator({ keytab, ...options }), more)
const authorization = async (): Promise<{ authorization: string }> => ({ authorization: await alice.authorization() })

describe.each([
  ['HTTP', {}],
  ['HTTPS', { tls }],
])('over %s', (_scheme, more) => {
  const agentOfOne = (): Agent =>
    more === undefined || !('tls' in more)
      ? new Agent({ keepAlive: true, maxSockets: 1 })
      : new SecureAgent({ keepAlive: true, maxSockets: 1 })

  test('who shows a token is let in, and the 101 proves who answers', async () => {
    await using site = await serve({}, more)
    const initiator = await alice.initiator(WEB, { mutual: true })
    const answer = await site.shake({ authorization: initiator.authorization })
    expect(answer).toMatchObject({ status: 101, body: 'alice@AD.TEST' })
    const [, proof] = /^Negotiate (.+)$/.exec(answer.headers['www-authenticate'] ?? '') ?? []
    expect(initiator.step(Buffer.from(proof, 'base64')).status).toBe('established')
  })

  test('who shows none is asked, in a response that programs understand, and comes back on the same connection', async () => {
    await using site = await serve({}, more)
    const connections = vi.fn()
    site.server.on('tls' in more ? 'tlsClientError' : 'clientError', connections)
    const agent = agentOfOne()
    const ports = new Set<number | undefined>()
    site.server.on('upgrade', ({ socket }) => ports.add(socket.remotePort))
    for (let time = 0; time < 12; time++) {
      const answer = await site.shake({}, agent)
      expect(answer).toMatchObject({ status: 401, body: 'Sign in with Kerberos to use this service.\n' })
      expect(answer.headers).toMatchObject({ 'www-authenticate': 'Negotiate', connection: 'keep-alive' })
    }
    expect(await site.shake(await authorization(), agent)).toMatchObject({ status: 101, body: 'alice@AD.TEST' })
    expect(ports.size).toBe(1)
    expect(connections).not.toHaveBeenCalled()
    agent.destroy()
  })

  test('several legs lead in, on one connection', async () => {
    await using site = await serve({}, more)
    const agent = agentOfOne()
    expect(await clientOf(site, agent).signIn()).toMatchObject({ status: 101, body: 'alice@AD.TEST' })
    agent.destroy()
  })

  test('several legs on several connections lead nowhere', async () => {
    await using site = await serve({}, more)
    const [first, other] = [agentOfOne(), agentOfOne()]
    const { answer, mechTypes } = await clientOf(site, first).begin()
    expect(answer.status).toBe(401)
    expect(await clientOf(site, other).finish(answer, mechTypes)).toMatchObject({ status: 401 })
    for (const agent of [first, other]) agent.destroy()
  })
})

/** A client of several legs, each of which is a handshake. */
function clientOf(site: HandshakeServer, agent: Agent): CautiousClient {
  class Handshaking extends CautiousClient {
    override send(token: Uint8Array): Promise<Answer> {
      return site.shake({ authorization: formatAuthorization(token) }, agent)
    }
  }
  return new Handshaking({ site: undefined as never, agent, desktop: alice })
}

test('a session is enough, and one that begins comes with the 101', async () => {
  await using site = await serve({ session: { kind: 'cookie', keys, secure: false } })
  const first = await site.shake(await authorization())
  const [cookie] = first.headers['set-cookie'] ?? []
  expect(first.headers['cache-control']).toBe('private, no-store')
  expect(await site.shake({ cookie: cookie.split(';')[0] })).toMatchObject({ status: 101, body: 'alice@AD.TEST' })
  expect(await site.shake({ cookie: 's4u=1.AAAA' })).toMatchObject({ status: 401 })
})

test('modes are those of requests', async () => {
  await using optional = await serve({}, { mode: 'optional' })
  expect(await optional.shake()).toMatchObject({ status: 101, body: 'nobody' })
  expect(await optional.shake({ authorization: 'Negotiate YII=' })).toMatchObject({ status: 401 })
  await using off = await serve({}, { mode: 'off' })
  expect(await off.shake()).toMatchObject({ status: 101, body: 'nobody' })
})

describe('a refusal that nothing can follow ends the connection', () => {
  test.each<[string, Record<string, string>, number]>([
    ['of a header that is none', { authorization: 'Negotiate' }, 400],
    ['of a page of another site', { origin: 'https://evil.test' }, 403],
    ['through a proxy', { via: '1.1 proxy' }, 401],
    ['with a body behind it', { 'content-length': '5' }, 401],
    ['to a client that says so', { connection: 'Upgrade, Close' }, 401],
  ])('%s', async (_what, headers, status) => {
    await using site = await serve()
    const answer = await site.shake(headers)
    expect(answer.status).toBe(status)
    expect(answer.headers.connection).toBe('close')
  })

  test('to a client of HTTP/1.0, which waits for that', async () => {
    await using site = await serve()
    const socket = connect(site.port, '127.0.0.1')
    socket.write('GET / HTTP/1.0\r\nHost: web.ad.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1.1 401 [^]*\r\nConnection: close\r\n/)
  })
})

test('a client that goes away while it is judged ends nothing else', async () => {
  let judged: () => void = () => {}
  const judging = new Promise<void>((resolve) => (judged = resolve))
  const replayCache = {
    remember: async () => {
      judged()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return 'fresh' as const
    },
  }
  await using site = await serve({ replayCache })
  const socket = connect(site.port, '127.0.0.1')
  await once(socket, 'connect')
  const { authorization: token } = await authorization()
  socket.write(
    `GET / HTTP/1.1\r\nHost: web.ad.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: ${token}\r\n\r\n`,
  )
  await judging
  socket.resetAndDestroy()
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await site.shake(await authorization())).toMatchObject({ status: 101 })
})

test('a fault of the app is a 500 that says nothing, and is the app’s to see', async () => {
  const negotiator = createNegotiator({
    keytab,
    clientAddress: () => {
      throw new TypeError('a bug')
    },
  })
  const { authenticateUpgrade } = negotiator
  const faults: unknown[] = []
  vi.spyOn(negotiator, 'authenticateUpgrade').mockImplementation(async (request, options) => {
    try {
      return await authenticateUpgrade.call(negotiator, request, options)
    } catch (error) {
      faults.push(error)
      return { status: 'challenge', statusCode: 401, headers: {}, body: '' }
    }
  })
  await using site = await serveHandshakes(negotiator)
  expect(await site.shake(await authorization())).toMatchObject({ status: 500, body: '' })
  expect(faults).toEqual([expect.objectContaining({ message: 'a bug' })])
})

test('the operator is told what requests tell: who came, who was asked, who was refused', async () => {
  const told: string[] = []
  await using site = await serve({
    onAuthenticated: ({ identity, by }) => void told.push(`${identity.name} by ${by}`),
    onChallenge: ({ reason }) => void told.push(reason),
    onFailed: ({ code, statusCode }: FailedEvent) => void told.push(`${code} ${statusCode}`),
  })
  const shown: Record<string, string>[] = [{}, await authorization(), { origin: 'https://evil.test' }]
  for (const headers of [...shown, { authorization: 'Negotiate YII=' }]) await site.shake(headers)
  expect(told).toEqual(['no-token', 'alice by token', 'S4U_CROSS_SITE 403', 'GSS_S_DEFECTIVE_TOKEN 401'])
})
