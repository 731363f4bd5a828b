import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request as send, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createFetch } from '@s4u/fetch'
import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { negotiate } from '@s4u/koa'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import Koa from 'koa'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

/**
 * The examples as their readers run them: programs of their own, in a folder with a keytab, on the
 * built packages.
 */

const examples = fileURLToPath(new URL('../../examples', import.meta.url))
const hook = new URL('examples-hosts.mjs', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 's4u-examples-'))
const running = new Set<ChildProcess>()
let realm: TestRealm
let backend: Server
let hosts: Record<string, string>

beforeAll(async () => {
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: {
      alice: { password: 'wonderland', groups: ['Managers'] },
      bob: { password: 'builder' },
      carol: { password: 'christmas', sensitive: true },
    },
    services: {
      'svc-web': {
        spns: ['HTTP/web.ad.test'],
        trustedToAuthForDelegation: true,
        allowedToDelegateTo: ['HTTP/api.ad.test'],
      },
      'svc-api': { spns: ['HTTP/api.ad.test'] },
      'svc-report': { spns: ['HTTP/report.ad.test'] },
    },
  })
  await realm.listen()
  backend = createServer(api().callback()).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  hosts = { 'api.ad.test': `127.0.0.1:${portOf(backend)}` }
  writeFileSync(join(folder, 'krb5.conf'), realm.krb5Conf())
  writeFileSync(join(folder, 'web.keytab'), realm.keytabFile('svc-web'))
  writeFileSync(join(folder, 'report.keytab'), realm.keytabFile('svc-report'))
})
afterEach(() => {
  for (const child of running) child.kill()
})
afterAll(async () => {
  backend.close()
  await realm[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

describe('express-authenticate', () => {
  test('knows its caller, and the groups of the caller', async () => {
    const url = await serve('express-authenticate/server.mjs', { MANAGERS: realm.sidOf('Managers') })
    const alice = fetchAs('alice', 'wonderland')
    expect(await (await alice(url)).json()).toEqual({
      hello: 'alice@AD.TEST',
      upn: 'alice@ad.test',
      authenticationMethod: 'kerberos',
    })
    expect((await alice(`${url}salaries`)).status).toBe(200)
    expect((await fetchAs('bob', 'builder')(`${url}salaries`)).status).toBe(403)
  })

  test('answers whoever has no ticket, and lets the health check through', async () => {
    const url = await serve('express-authenticate/server.mjs')
    const answer = await fetch(url)
    expect(answer.status).toBe(401)
    expect(await answer.text()).toMatch(/help desk/)
    expect((await fetch(`${url}health`)).status).toBe(200)
  })
})

test('express-impersonate calls its backend as the caller', async () => {
  const url = await serve('express-impersonate/server.mjs')
  const orders = await fetchAs('alice', 'wonderland')(`${url}orders`)
  expect(await orders.json()).toEqual({ caller: 'alice@AD.TEST', delegatedBy: ['HTTP/web.ad.test@AD.TEST'] })
})

test('koa-impersonate calls its backend as the caller, and nobody else', async () => {
  const url = await serve('koa-impersonate/server.mjs')
  const alice = fetchAs('alice', 'wonderland')
  const orders = await alice(`${url}orders`)
  expect(await orders.json()).toEqual({ caller: 'alice@AD.TEST', delegatedBy: ['HTTP/web.ad.test@AD.TEST'] })
  const gold = await alice(`${url}gold`)
  expect(gold.status).toBe(403)
  expect(await gold.json()).toEqual({ error: 'This cannot be done in your name.' })
})

test('fastify-impersonate calls its backend as the caller, and nobody else', async () => {
  const url = await serve('fastify-impersonate/server.mjs')
  const orders = await fetchAs('alice', 'wonderland')(`${url}orders`)
  expect(await orders.json()).toEqual({ caller: 'alice@AD.TEST', delegatedBy: ['HTTP/web.ad.test@AD.TEST'] })
  const health = await fetch(`${url}health`)
  expect(await health.text()).toBe('ok')
  expect((await fetch(`${url}orders`)).status).toBe(401)
})

test('hono-impersonate calls its backend as the caller, on the route that says so', async () => {
  const url = await serve('hono-impersonate/server.mjs')
  const alice = fetchAs('alice', 'wonderland')
  expect(await (await alice(url)).text()).toBe('Hello alice@AD.TEST')
  const orders = await alice(`${url}orders`)
  expect(await orders.json()).toEqual({ caller: 'alice@AD.TEST', delegatedBy: ['HTTP/web.ad.test@AD.TEST'] })
  const gold = await alice(`${url}gold`)
  expect([gold.status, await gold.text()]).toEqual([403, 'Forbidden\n'])
  expect((await fetch(`${url}health`)).status).toBe(200)
})

test('nest-impersonate calls its backend as the caller, on the route that says so', async () => {
  // As `npm start` in its folder does.
  const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
  execFileSync(process.execPath, [compiler, '-p', join(examples, 'nest-impersonate')])
  const url = await serve('nest-impersonate/dist/server.js')
  const alice = fetchAs('alice', 'wonderland')
  expect(await (await alice(url)).text()).toBe('Hello alice@AD.TEST')
  const orders = await alice(`${url}orders`)
  expect(await orders.json()).toEqual({ caller: 'alice@AD.TEST', delegatedBy: ['HTTP/web.ad.test@AD.TEST'] })
  const gold = await alice(`${url}gold`)
  expect([gold.status, await gold.text()]).toEqual([403, 'Forbidden\n'])
  expect((await fetch(`${url}orders`)).status).toBe(401)
  expect((await fetch(`${url}health`)).status).toBe(200)
})

test('passport-session knows its caller by a ticket, and then by the session', async () => {
  const url = await serve('passport-session/server.mjs')
  const first = await fetchAs('alice', 'wonderland')(url)
  expect(await first.json()).toEqual({ principal: 'alice@AD.TEST' })
  const [cookie] = first.headers.getSetCookie().map((line) => line.split(';')[0])
  expect(await (await fetch(url, { headers: { cookie } })).json()).toEqual({ principal: 'alice@AD.TEST' })
  expect((await fetch(url)).status).toBe(401)
  expect((await fetch(`${url}health`)).status).toBe(200)
})

test('protocol-transition acts for a user who showed a password, and not for one who may not be impersonated', async () => {
  const url = await serve('protocol-transition/server.mjs')
  const orders = await fetch(`${url}orders`, basic('bob', 'can-we-fix-it'))
  expect(await orders.json()).toEqual({ caller: 'bob@AD.TEST', delegatedBy: ['svc-web@AD.TEST'] })
  expect((await fetch(`${url}orders`, basic('bob', 'wrong'))).status).toBe(401)
  for (const [name, password] of [
    ['carol', 'humbug'],
    ['Administrator', 'just-my-nickname'],
  ]) {
    const answer = await fetch(`${url}orders`, basic(name, password))
    expect(answer.status).toBe(403)
    expect(await answer.text()).toBe('Forbidden\n')
  }
})

test('websocket knows who is at the other end, and opens none for the page of another site', async () => {
  const url = await serve('websocket/server.mjs')
  const { authorization } = await tokenOf('alice', 'wonderland')
  expect(await greetingAt(url, { authorization })).toBe('Hello alice')
  expect(await greetingAt(url, {})).toBe(401)
  const again = await tokenOf('alice', 'wonderland')
  expect(await greetingAt(url, { ...again, origin: 'https://evil.test' })).toBe(403)
})

test('websocket closes a socket when its user signs out, also the one whose handshake has begun the session', async () => {
  const url = await serve('websocket/server.mjs', { EVERY: '50' })
  const { authorization } = await tokenOf('alice', 'wonderland')
  const socket = new WebSocket(url.replace('http', 'ws'), { headers: { authorization } })
  const closed = once(socket, 'close')
  const [answer]: IncomingMessage[] = await once(socket, 'upgrade')
  const cookie = (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')
  expect((await fetch(new URL('sign-out', url), { method: 'POST', headers: { cookie } })).status).toBe(204)
  const [code, reason]: unknown[] = await closed
  expect([code, String(reason)]).toEqual([1008, 'signed out'])
  expect((await fetch(url, { headers: { cookie } })).status).toBe(401)
})

describe('mcp-server', () => {
  /** The client of the official SDK, with the fetch of somebody. */
  async function assistantOf(fetchOfUser: typeof fetch): Promise<Client> {
    const url = new URL('mcp', await serve('mcp-server/server.mjs'))
    const client = new Client({ name: 'assistant', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(url, { fetch: fetchOfUser }))
    return client
  }

  test('knows whose assistant calls, and calls its backend in that name', async () => {
    const assistant = await assistantOf(fetchAs('alice', 'wonderland'))
    expect((await assistant.listTools()).tools.map(({ name }) => name)).toEqual(['whoami', 'orders'])
    expect(await assistant.callTool({ name: 'whoami' })).toEqual({ content: [{ type: 'text', text: 'alice@AD.TEST' }] })
    const orders = { caller: 'alice@AD.TEST', delegatedBy: ['HTTP/web.ad.test@AD.TEST'] }
    expect(await assistant.callTool({ name: 'orders', arguments: { customer: 'hatter' } })).toEqual({
      content: [{ type: 'text', text: JSON.stringify(orders) }],
    })
    await assistant.close()
  })

  test('tells a model no more than that it cannot be done, where the directory refuses the delegation', async () => {
    const assistant = await assistantOf(fetchAs('carol', 'christmas'))
    expect(await assistant.callTool({ name: 'whoami' })).toEqual({ content: [{ type: 'text', text: 'carol@AD.TEST' }] })
    expect(await assistant.callTool({ name: 'orders', arguments: {} })).toEqual({
      content: [{ type: 'text', text: 'This cannot be done in your name.' }],
      isError: true,
    })
    await assistant.close()
  })

  test('is what docs/mcp.md shows', () => {
    const page = readFileSync(join(examples, '../docs/mcp.md'), 'utf8')
    const [, shown] = /^```js\n\/\/ server\.mjs\n([^]*?)^```$/m.exec(page) ?? []
    const program = readFileSync(join(examples, 'mcp-server/server.mjs'), 'utf8')
    expect(shown).toBe(program.slice(program.indexOf('import ')))
  })

  test('offers no tool to whoever has no ticket', async () => {
    await expect(assistantOf(fetch)).rejects.toMatchObject({ code: 401 })
  })
})

test('fetch-with-keytab calls a service in its own name', async () => {
  const { status, output } = await run('fetch-with-keytab/report.mjs', ['http://api.ad.test/orders'])
  expect(output).toContain('svc-report@AD.TEST got 200')
  expect(output).toContain('"caller":"svc-report@AD.TEST"')
  expect(status).toBe(0)
})

test('test-your-own-app is a test that passes', async () => {
  const { status, output } = await run('test-your-own-app/app.test.mjs', [])
  expect(output).toMatch(/pass 2\n/)
  expect(status).toBe(0)
})

test('npm start builds what every example needs, and not what the demo needs alone', () => {
  expect(readFileSync(join(examples, 'start.mjs'), 'utf8')).toContain("'--filter={./examples/*}...'")
})

test('every example is short', () => {
  const files = readdirSync(examples, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(join(examples, entry.name)).map((file) => `${entry.name}/${file}`)
        : [entry.name],
    )
    .filter((file) => /^([a-z-]+\/)?[a-z.-]+\.(mjs|ts)$/.test(file) && !/^(demo\/|start\.)/.test(file))
  expect(files).toHaveLength(27)
  expect(files.filter((file) => linesOfCode(readFileSync(join(examples, file), 'utf8')) > 60)).toEqual([])
})

/** All but empty lines and comments. */
function linesOfCode(text: string): number {
  return text.split('\n').filter((line) => !/^\s*(\/\/|\/?\*|$)/.test(line)).length
}

function api(): Koa {
  const app = new Koa()
  app.use(negotiate({ keytab: realm.keytabFor('svc-api') }))
  app.use((ctx) => {
    ctx.body = { caller: ctx.identity.principal, delegatedBy: ctx.identity.delegatedBy }
  })
  return app
}

/** Starts an example that serves, and waits until it does. */
async function serve(file: string, environment: Record<string, string> = {}): Promise<string> {
  const port = await freePort()
  const { child, ended, said } = start(file, [], { PORT: String(port), ...environment })
  const url = `http://127.0.0.1:${port}/`
  while (child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer) {
      expect(said(), 'an example must not be what s4u warns of').not.toMatch(/Warning/)
      return url
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${file} ended: ${(await ended).output}`)
}

function run(file: string, args: string[]): Promise<{ status: number | null; output: string }> {
  return start(file, args).ended
}

function start(file: string, args: string[], environment: Record<string, string> = {}) {
  const { KRB5_KTNAME: _keytab, NODE_TEST_CONTEXT: _context, ...inherited } = process.env
  const env = {
    ...inherited,
    KRB5_CONFIG: join(folder, 'krb5.conf'),
    HOSTS: JSON.stringify(hosts),
    NO_COLOR: '1',
    ...environment,
  }
  const options = { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] }
  const child = spawn(process.execPath, ['--import', hook, join(examples, file), ...args], options)
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(child, 'close').then(([status]: (number | null)[]) => {
    running.delete(child)
    return { status, output }
  })
  return { child, ended, said: () => output }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo
  return address.port
}

function fetchAs(user: string, password: string): typeof fetch {
  const client = createKdcClient({ credentials: { principal: `${user}@AD.TEST`, password }, kdc: realm.transport })
  const serviceNames = { '127.0.0.1': 'HTTP/web.ad.test' }
  return createFetch({ ticketFor: (spn, options) => client.ticketFor(spn, options), serviceNames })
}

async function tokenOf(user: string, password: string): Promise<{ authorization: string }> {
  const client = createKdcClient({ credentials: { principal: `${user}@AD.TEST`, password }, kdc: realm.transport })
  return {
    authorization: createInitiator({ ticket: await client.ticketFor('HTTP/web.ad.test'), now: Date.now }).authorization,
  }
}

/** The first text that a WebSocket says, or the status of the refusal. */
function greetingAt(url: string, headers: Record<string, string>): Promise<string | number> {
  const handshake = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  const key = Buffer.alloc(16, 7).toString('base64')
  const request = send(url, { headers: { ...handshake, 'sec-websocket-key': key, ...headers } }).end()
  return new Promise((resolve, reject) => {
    request.once('error', reject)
    request.once('response', ({ statusCode = 0 }) => resolve(statusCode))
    request.once('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      // An unmasked frame of text shorter than 126 octets. RFC 6455 section 5.2.
      socket.once('data', (frame: Buffer) => {
        resolve(frame.subarray(2, 2 + frame[1]).toString())
        socket.destroy()
      })
    })
  })
}

function basic(name: string, password: string): RequestInit {
  return { headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` } }
}
