/** What only Fastify has: encapsulation, the config of a route, and plugins of others. */

import fastifyAuth from '@fastify/auth'
import fastifyWebsocket from '@fastify/websocket'
import {
  ConfigurationError,
  impersonatedIdentity,
  impersonation,
  negotiate,
  type NegotiateOptions,
  requireGroup,
  requireIdentity,
  type RouteRules,
} from '@s4u/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import Fastify4 from 'fastify4'
import fastifyAuth4 from 'fastify-auth4'
import fastifyWebsocket10 from 'fastify-websocket10'
import { once } from 'node:events'
import { Agent, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'

const realm = await corporation()
const options: NegotiateOptions = {
  keytab: realm.keytabFor('web'),
  kdc: realm.transport,
  delegation: { principal: 'web' },
}
const [alice, bob] = [new Desktop(realm, 'alice'), new Desktop(realm, 'bob')]
const ambient = () => ({ as: impersonatedIdentity()?.principal ?? null })

/** The group that alice is in, and bob is not. */
const SALES = await groupOfAliceAlone()

const majors = [
  { name: 'Fastify 5', create: () => Fastify(), auth: fastifyAuth, websocket: fastifyWebsocket },
  { name: 'Fastify 4', create: () => Fastify4(), auth: fastifyAuth4, websocket: fastifyWebsocket10 },
]

describe.each(majors)('$name', ({ create, auth, websocket }) => {
  const app = async (declare: (app: FastifyInstance) => unknown, more: NegotiateOptions = {}) => {
    const made = create()
    await made.register(negotiate, { ...options, ...more })
    await declare(made)
    return made
  }

  test('guards the app that registers it and those below, and not those beside', async () => {
    const root = create()
    root.get('/outside', () => 'open')
    root.register(async (inside) => {
      await inside.register(negotiate, options)
      inside.get('/inside', (request) => request.identity.name)
      inside.register(async (below) => void below.get('/below', (request) => request.identity.name))
    })
    const statusOf = async (url: string) => (await root.inject(url)).statusCode
    expect([await statusOf('/outside'), await statusOf('/inside'), await statusOf('/below')]).toEqual([200, 401, 401])
    for (const url of ['/inside', '/below'])
      expect((await root.inject({ url, headers: { authorization: await alice.authorization() } })).body).toBe('alice')
    await root.close()
  })

  test('asks for a caller where the config of a route says so, and lets the members of its groups pass', async () => {
    const made = await app((root) => {
      root.get('/health', { config: { negotiate: { mode: 'off' } } }, () => 'ok')
      root.get('/news', { config: { negotiate: { mode: 'optional' } } }, ({ identity }) => identity?.name ?? 'stranger')
      root.get('/sales', { config: { negotiate: { groups: [SALES] } } }, ({ identity }) => identity.name)
    })
    expect((await made.inject('/health')).body).toBe('ok')
    expect((await made.inject('/news')).body).toBe('stranger')
    const asked = await made.inject('/sales')
    expect([asked.statusCode, asked.headers['www-authenticate']]).toEqual([401, 'Negotiate'])
    const sales = async (who: Desktop) =>
      made.inject({ url: '/sales', headers: { authorization: await who.authorization() } })
    expect((await sales(alice)).body).toBe('alice')
    const refused = await sales(bob)
    expect([refused.statusCode, refused.body]).toEqual([403, 'You may not use this.\n'])
    await made.close()
  })

  test.each<[string, object | string, string]>([
    ['a name', { groupz: [SALES] }, 'groups'],
    ['a mode', { mode: 'maybe' }, 'mode must be required, optional or off'],
    ['a group', { groups: ['Sales'] }, 'Sales'],
    ['an empty list', { groups: [] }, 'at least one group'],
    ['an option of impersonation', { impersonation: 'sometimes' }, 'required, allowed or notAllowed'],
    ['a group that nobody can be known for', { mode: 'off', groups: [SALES] }, 'mode off knows no caller'],
    ['a text', 'off', 'config.negotiate'],
  ])('refuses a route whose config has %s that is wrong, when it is declared', async (_what, rules, said) => {
    const made = await app(() => {})
    const declare = () => made.get('/', { config: { negotiate: rules as RouteRules } }, () => 'ran')
    expect(declare).toThrow(ConfigurationError)
    expect(() => made.get('/b', { config: { negotiate: rules as RouteRules } }, () => 'ran')).toThrow(said)
    await made.close()
  })

  test('answers 500, and runs nothing, at such a route that was declared before the plugin was there', async () => {
    const made = create()
    made.register(negotiate, options)
    made.get('/', { config: { negotiate: { mode: 'maybe' } as unknown as RouteRules } }, () => 'ran')
    const answer = await made.inject('/')
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toContain('ran')
    await made.close()
  })

  test('refuses wrong options when it is loaded', async () => {
    const wrong = create().register(negotiate, { ...options, requirePAC: true } as NegotiateOptions)
    await expect(wrong.ready()).rejects.toThrow('requirePac')
  })

  const late: readonly [string, (app: FastifyInstance) => unknown][] = [
    [
      'config',
      (root) => root.post('/', { config: { negotiate: { impersonation: 'required' } } }, async () => ambient()),
    ],
    [
      'a hook before the body',
      (root) => root.post('/', { onRequest: impersonation('required') }, async () => ambient()),
    ],
    [
      'a hook behind the body',
      (root) => root.post('/', { preHandler: impersonation('required') }, async () => ambient()),
    ],
  ]
  test.each(late)('runs the handler as the caller by %s, also after a body that comes late', async (_by, declare) => {
    const made = await app(declare)
    await made.listen({ port: 0, host: '127.0.0.1' })
    const answers = await Promise.all([alice, bob].map(async (who) => lateBody(made, await who.authorization())))
    expect(answers.map((text) => JSON.parse(text))).toEqual([{ as: 'alice@AD.TEST' }, { as: 'bob@AD.TEST' }])
    await made.close()
  })

  test('is one of several ways in with @fastify/auth, as the last of its list', async () => {
    const made = await app(
      async (root) => {
        await root.register(auth)
        const byKey = (request: { headers: object }, _reply: unknown, done: (error?: Error) => void) =>
          done(Reflect.get(request.headers, 'x-key') === 'k' ? undefined : new Error('no key'))
        root.get('/', { preHandler: root.auth([byKey, requireIdentity()]) }, ({ identity }) => identity?.name ?? 'key')
        root.get(
          '/sales',
          { preHandler: root.auth([requireIdentity(), requireGroup([SALES])], { relation: 'and' }) },
          () => 'in',
        )
      },
      { mode: 'optional' },
    )
    const get = (url: string, headers: Record<string, string>) => made.inject({ url, headers })
    expect((await get('/', { 'x-key': 'k' })).body).toBe('key')
    expect((await get('/', { authorization: await bob.authorization() })).body).toBe('bob')
    const asked = await get('/', {})
    expect([asked.statusCode, asked.headers['www-authenticate']]).toEqual([401, 'Negotiate'])
    expect((await get('/sales', { authorization: await alice.authorization() })).body).toBe('in')
    expect((await get('/sales', { authorization: await bob.authorization() })).statusCode).toBe(403)
    await made.close()
  })

  test('opens a WebSocket for a known caller alone, and none for a page of another site', async () => {
    const made = await app(async (root) => {
      await root.register(websocket)
      root.register(async (sockets) => {
        sockets.get('/', { websocket: true }, (socket, request) => socket.send(`Hello ${request.identity.name}`))
        sockets.get('/open', { websocket: true, config: { negotiate: { mode: 'off' } } }, (socket) =>
          socket.send('open'),
        )
      })
    })
    await made.listen({ port: 0, host: '127.0.0.1' })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const asked = await handshake(made, {}, { agent })
    expect(asked).toMatchObject({ status: 401, proof: 'Negotiate', port: expect.any(Number) })
    // On the connection of the refusal.
    const known = await handshake(made, { authorization: await alice.authorization() }, { agent })
    expect(known).toMatchObject({ status: 101, text: 'Hello alice', port: asked.port })
    expect(known.proof).toMatch(/^Negotiate [\w+/]+=*$/)
    const evil = { authorization: await alice.authorization(), origin: 'https://evil.test' }
    expect(await handshake(made, evil)).toMatchObject({ status: 403 })
    expect(await handshake(made, { origin: 'https://evil.test' }, { path: '/open' })).toMatchObject({ status: 403 })
    expect(await handshake(made, {}, { path: '/open' })).toMatchObject({ status: 101, text: 'open' })
    agent.destroy()
    await made.close()
  })

  test('keeps the cookies and the Vary of other plugins, on a refusal too', async () => {
    const made = create()
    made.addHook(
      'onRequest',
      async (_request, reply) => void reply.header('set-cookie', 'a=1').header('vary', 'Origin'),
    )
    await made.register(negotiate, { ...options, session: 'cookie' })
    made.get('/', () => 'in')
    const asked = await made.inject('/')
    expect([asked.headers['set-cookie'], asked.headers.vary]).toEqual(['a=1', expect.stringContaining('Origin')])
    const known = await made.inject({ url: '/', headers: { authorization: await alice.authorization() } })
    expect(known.headers['set-cookie']).toEqual(['a=1', expect.stringMatching(/^[^=]*s4u[^=]*=/)])
    await made.close()
  })
})

async function groupOfAliceAlone(): Promise<string> {
  const app = Fastify()
  await app.register(negotiate, options)
  app.get('/', (request) => ({ groups: request.identity.groups }))
  const groupsOf = async (who: Desktop): Promise<string[]> =>
    (await app.inject({ url: '/', headers: { authorization: await who.authorization() } })).json().groups
  const others = await groupsOf(bob)
  const [own] = (await groupsOf(alice)).filter((sid) => !others.includes(sid))
  return own
}

const portOf = (app: FastifyInstance): number => (app.server.address() as AddressInfo).port

/** Posts JSON in pieces, the first of them long after the head. */
async function lateBody(app: FastifyInstance, authorization: string): Promise<string> {
  const headers = { authorization, 'content-type': 'application/json' }
  const request = send({ host: '127.0.0.1', port: portOf(app), method: 'POST', headers })
  request.flushHeaders()
  for (const piece of ['{"a"', ':1}']) {
    await wait(50)
    request.write(piece)
  }
  request.end()
  const [response] = await once(request, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

/** Asks for a WebSocket, and reads the first message. */
async function handshake(
  app: FastifyInstance,
  more: Record<string, string>,
  { path = '/', agent }: { path?: string; agent?: Agent } = {},
) {
  const headers = {
    ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
    ...{ 'sec-websocket-key': Buffer.alloc(16).toString('base64'), ...more },
  }
  const request = send({ host: '127.0.0.1', port: portOf(app), path, headers, ...(agent && { agent }) }).end()
  const [response, socket, head] = await Promise.race([once(request, 'upgrade'), once(request, 'response')])
  const proof: unknown = response.headers['www-authenticate']
  const { localPort: port } = response.socket
  if (socket === undefined) {
    await once(response.resume(), 'end')
    return { status: response.statusCode, proof, port }
  }
  const frame: Buffer = head.length > 0 ? head : (await once(socket, 'data'))[0]
  socket.destroy()
  return { status: response.statusCode, proof, port, text: frame.subarray(2).toString() }
}
