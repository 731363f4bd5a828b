import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { createGateway } from '@s4u/gateway'
import { createTestRealm } from '@s4u/test-kdc'
import { PASSWORD } from '../stories/fixtures/corporation.js'
import { ask, listen, PUBLIC, type Site } from '../stories/gateway-site.js'

/** What must not pass between clients and inner servers of a gateway: what is for the gateway. */

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function innerServer(headers: OutgoingHttpHeaders = {}) {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    response.writeHead(200, headers).end('ok')
  })
  const port = await listen(server)
  open.push(() => {
    server.closeAllConnections()
    server.close()
    return once(server, 'close')
  })
  return { seen, to: `http://127.0.0.1:${port}` }
}

async function gatewayOf(sites: readonly Site[], more: object = {}): Promise<number> {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORD } },
    services: { gateway: { spns: [`HTTP/${PUBLIC}`] } },
  })
  const gateway = createGateway({
    kerberos: { negotiator: { keytab: realm.keytabFor('gateway'), kdc: realm.transport } },
    session: { secure: false },
    listeners: { address: '127.0.0.1:0', plain: true },
    operation: { alerts: 'off' },
    sites: [...sites],
    ...more,
  })
  await gateway.listen()
  open.push(
    () => realm[Symbol.asyncDispose](),
    () => gateway.stop(),
  )
  return gateway.addresses[0].port
}

const TYPED = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}`

describe('with direct, a password that is typed for the gateway', () => {
  const direct = { as: 'none', direct: true, passwordInClear: true } as const

  test.each([
    ['that signs in', [], 401],
    ['at a public path', [{ allow: 'everybody' }], 200],
  ] as const)('%s never goes inside', async (_where, access, withoutIt) => {
    const { seen, to } = await innerServer()
    const signIn = [{ basic: { session: true } }] as const
    const port = await gatewayOf([{ hosts: PUBLIC, to, delegation: direct, signIn: [...signIn], access: [...access] }])
    expect((await ask(port, '/', {})).status).toBe(withoutIt)
    const first = await ask(port, '/', { headers: { authorization: TYPED } })
    expect(first.status).toBe(200)
    const cookie = [first.headers['set-cookie'] ?? []].flat().map((one) => one.split(';')[0])
    expect((await ask(port, '/', { headers: { authorization: TYPED, cookie: cookie.join('; ') } })).status).toBe(200)
    expect(seen.map(({ headers }) => headers.authorization).filter((one) => one !== undefined)).toEqual([])
  })

  test('at another path of the host never goes inside', async () => {
    const { seen, to } = await innerServer()
    const port = await gatewayOf([
      { hosts: PUBLIC, to, paths: '/office', delegation: { as: 'none' }, signIn: ['basic'] },
      { hosts: PUBLIC, to, delegation: direct, access: [{ allow: 'everybody' }] },
    ])
    expect((await ask(port, '/', { headers: { authorization: TYPED } })).status).toBe(200)
    expect((await ask(port, '/', { headers: { authorization: 'Bearer abc' } })).status).toBe(200)
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer abc'])
  })

  test('where no way to sign in takes passwords, that of the inner server goes there, and tickets do not', async () => {
    const { seen, to } = await innerServer()
    const port = await gatewayOf([{ hosts: PUBLIC, to, delegation: direct, access: [{ allow: 'everybody' }] }])
    for (const authorization of [TYPED, 'Negotiate YII='])
      expect((await ask(port, '/', { headers: { authorization } })).status).toBe(200)
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([TYPED, undefined])
  })
})

describe('with direct, the connections inside', () => {
  const site = {
    delegation: { as: 'none', direct: true, passwordInClear: true },
    access: [{ allow: 'everybody' }],
  } as const
  const connectionsOf = (seen: readonly IncomingMessage[]) => new Set(seen.map(({ socket }) => socket)).size
  async function askOn(agent: Agent, port: number, headers: OutgoingHttpHeaders): Promise<void> {
    const request = httpRequest({ host: '127.0.0.1', port, agent, headers: { host: PUBLIC, ...headers } })
    const [answer]: IncomingMessage[] = await once(request.end(), 'response')
    expect([answer.statusCode, await text(answer)]).toEqual([200, 'ok'])
  }
  const sent: OutgoingHttpHeaders[] = [{}, { authorization: TYPED }, {}]

  test('are of one connection outside each, with a password and without', async () => {
    const { seen, to } = await innerServer()
    const port = await gatewayOf([{ ...site, hosts: PUBLIC, to, access: [...site.access] }])
    for (const headers of sent) await askOn(new Agent(), port, headers)
    expect(connectionsOf(seen)).toBe(3)
  })

  test('are kept for the one that has them, and closed with it', async () => {
    const { seen, to } = await innerServer()
    const port = await gatewayOf([{ ...site, hosts: PUBLIC, to, access: [...site.access] }])
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const headers of sent) await askOn(agent, port, headers)
    expect(connectionsOf(seen)).toBe(1)
    agent.destroy()
    await expect.poll(() => seen[0].socket.closed).toBe(true)
  })

  test('are of one request each behind a proxy, whose connections are of many clients', async () => {
    const { seen, to } = await innerServer()
    const listeners = { address: '127.0.0.1:0', plain: true, proxies: '127.0.0.1' }
    const port = await gatewayOf([{ ...site, hosts: PUBLIC, to, access: [...site.access] }], { listeners })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const headers of sent) await askOn(agent, port, headers)
    agent.destroy()
    expect(connectionsOf(seen)).toBe(3)
  })
})

describe('a cookie of an inner server', () => {
  test('with a name of the gateway never reaches the browser, however it is written', async () => {
    const own = ['s4u', 's4u.1', '__Host-s4u', 's4u-typed', 'door', 'member']
    const { to } = await innerServer({
      'set-cookie': [
        ...own.map((name) => `${name}=of-another-user; Path=/`),
        ' s4u =x; Path=/',
        '=s4u=x; Path=/',
        's4u; Path=/',
        'theirs=1; Path=/',
      ],
    })
    const farm = { cookie: 'member' }
    const port = await gatewayOf(
      [{ hosts: PUBLIC, to, farm, delegation: { as: 'none' }, access: [{ allow: 'everybody' }] }],
      { session: { secure: false, name: 'door' } },
    )
    const { status, headers } = await ask(port, '/', {})
    expect([status, headers['set-cookie']]).toEqual([200, ['theirs=1; Path=/']])
  })
})

describe('sites of one host by paths', () => {
  test.each(['/%61dmin', '/ADMIN/x', '/admin;x', '/admin.', '/x/..%2fadmin', '//admin', '/%2561dmin', '/./admin'])(
    '%s is not a way into a site by the rules of another one',
    async (path) => {
      const { seen, to } = await innerServer()
      const delegation = { as: 'none' } as const
      const port = await gatewayOf([
        { hosts: PUBLIC, to, paths: '/admin', delegation, strictPaths: false, access: [{ allow: 'nobody' }] },
        { hosts: PUBLIC, to, delegation, strictPaths: false, access: [{ allow: 'everybody' }] },
      ])
      expect((await ask(port, path, {})).status).toBe(400)
      expect(seen).toEqual([])
      expect((await ask(port, '/administrators', {})).status).toBe(200)
    },
  )
})

test.each(['X_Api_Key', 'X-Api_Key', 'x-api-key', 'X.Api~Key'])(
  '%s of a client is not read in place of a header of the site',
  async (name) => {
    const { seen, to } = await innerServer()
    const port = await gatewayOf([
      {
        hosts: PUBLIC,
        to,
        headers: { 'X-Api-Key': 'ours' },
        delegation: { as: 'none' },
        access: [{ allow: 'everybody' }],
      },
    ])
    expect((await ask(port, '/', { headers: { [name]: 'theirs' } })).status).toBe(200)
    expect(JSON.stringify(seen[0].rawHeaders)).not.toContain('theirs')
    expect(seen[0].headers['x-api-key']).toBe('ours')
  },
)

test.each(['X-Api-Key', 'x_api_key', 'X-S4U-User', 'iv-user', 'Proxy'])(
  '%s of a client goes inside behind a body no more than before it',
  async (name) => {
    const server = createServer(async (request, response) => {
      await text(request)
      response.end(JSON.stringify(request.trailers))
    })
    const to = `http://127.0.0.1:${await listen(server)}`
    open.push(() => void server.close().closeAllConnections())
    const site = { hosts: PUBLIC, to, headers: { 'X-Api-Key': 'ours' }, delegation: { as: 'none' as const } }
    const port = await gatewayOf([{ ...site, access: [{ allow: 'everybody' }] }])
    const headers = { host: PUBLIC, 'transfer-encoding': 'chunked' }
    const sending = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers })
    sending.write('x')
    sending.addTrailers({ [name]: 'theirs', 'X-Sum': '7' })
    sending.end()
    const answer: IncomingMessage = (await once(sending, 'response'))[0]
    expect([answer.statusCode, JSON.parse(await text(answer))]).toEqual([200, { 'x-sum': '7' }])
  },
)
