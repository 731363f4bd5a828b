import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { createGateway, type GatewayConfig } from '@s4u/gateway'
import { createTestRealm } from '@s4u/test-kdc'
import { selfSigned } from './fixtures/certificate.js'
import { ask, type Answer, listen, PUBLIC } from './gateway-site.js'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A gateway with no users to know, and what makes another configuration of it. */
async function publicGateway(handle = (body: string) => body) {
  const realm = await createTestRealm({ realm: 'AD.TEST', services: { gateway: { spns: [`HTTP/${PUBLIC}`] } } })
  const inner = createHttpServer({ maxHeaderSize: 65_536 }, (request, response) => {
    if (request.url === '/slow') inner.once('go', () => response.end('slow'))
    else response.end(handle(`inner ${request.url}`))
  })
  const to = `http://127.0.0.1:${await listen(inner)}`
  const config = (more: Partial<GatewayConfig>): GatewayConfig => ({
    kerberos: { negotiator: { keytab: realm.keytabFor('gateway'), kdc: realm.transport } },
    session: { secure: false },
    operation: { alerts: 'off' },
    listeners: { address: '127.0.0.1:0', plain: true },
    sites: { hosts: PUBLIC, to, access: { allow: 'everybody' }, delegation: { as: 'none' } },
    ...more,
  })
  const start = async (more: Partial<GatewayConfig> = {}) => {
    const gateway = createGateway(config(more))
    open.push(() => gateway.stop())
    await gateway.listen()
    return gateway
  }
  open.push(() => {
    inner.closeAllConnections()
    inner.close()
    return realm[Symbol.asyncDispose]()
  })
  return { config, start, go: () => inner.emit('go'), to }
}

/** A port that another program has. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const [error] = await Promise.race([once(socket, 'error'), once(socket, 'connect').then(() => [undefined])])
  socket.destroy()
  return error?.code === 'ECONNREFUSED'
}

const plain = (port: number, limits?: { headers: string }) => ({
  address: `127.0.0.1:${port}`,
  plain: true,
  ...(limits && { limits }),
})

const longHeader = (port: number): Promise<Answer> => ask(port, '/', { headers: { 'x-long': 'x'.repeat(20_000) } })

describe('a new configuration that cannot be put in force changes nothing', () => {
  test('an address that another program has: those before answer on, with their limits', async () => {
    const { config, start } = await publicGateway()
    const [port, fresh, taken] = [await freePort(), await freePort(), await takenPort()]
    const gateway = await start({ listeners: plain(port) })
    const wanted = [plain(port, { headers: '16KB' }), plain(fresh), plain(taken)]
    await expect(gateway.reload(config({ listeners: wanted }))).rejects.toMatchObject({
      message: `cannot listen on 127.0.0.1:${taken}: EADDRINUSE`,
    })
    expect((await longHeader(port)).status).toBe(200)
    expect(await isRefused(fresh)).toBe(true)
    expect(gateway.addresses.map((address) => address.port)).toEqual([port])
    expect(gateway.settings.listeners).toHaveLength(1)
  })

  test('an address that the gateway has itself, in another form: it says what to do', async () => {
    const { config, start } = await publicGateway()
    const port = await freePort()
    const gateway = await start({ listeners: plain(port) })
    await expect(gateway.reload(config({ listeners: { address: `:${port}`, plain: true } }))).rejects.toMatchObject({
      message: `cannot listen on :${port}: EADDRINUSE`,
      hint: `The gateway itself listens on 127.0.0.1:${port}. Start it again for another address with the same port.`,
    })
    expect((await ask(port, '/', {})).body).toBe('inner /')
  })

  test('a certificate that does not fit its key: the ones before are shown on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 's4u-gateway-reload-'))
    open.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const [good, bad] = [selfSigned(PUBLIC), selfSigned('other.example.com')]
    const pair = { certificate: file('good.pem', good.cert), key: file('good.key', good.key) }
    const wrong = { certificate: file('bad.pem', bad.cert), key: pair.key }
    const { config, start } = await publicGateway()
    const [first, second, fresh] = [await freePort(), await freePort(), await freePort()]
    const over = (port: number, certificates: typeof pair) => ({ address: `127.0.0.1:${port}`, tls: { certificates } })
    const gateway = await start({ listeners: [over(first, pair), over(second, pair)], session: {} })
    const redirect = { address: `127.0.0.1:${fresh}`, redirect: 'https' }
    const wanted = [{ ...over(first, pair), http2: false }, over(second, wrong), redirect]
    await expect(gateway.reload(config({ listeners: wanted, session: {} }))).rejects.toThrow(
      'and its key cannot be used',
    )
    for (const port of [first, second]) {
      const socket = connectTls({
        host: '127.0.0.1',
        port,
        rejectUnauthorized: false,
        ALPNProtocols: ['h2', 'http/1.1'],
      })
      await once(socket, 'secureConnect')
      expect([socket.getPeerCertificate().subject.CN, socket.alpnProtocol]).toEqual([PUBLIC, 'h2'])
      socket.destroy()
    }
    expect(await isRefused(fresh)).toBe(true)
  })

  test('at the start nothing is left open where one of the addresses cannot be had', async () => {
    const { config } = await publicGateway()
    const [port, taken] = [await freePort(), await takenPort()]
    const gateway = createGateway(config({ listeners: [plain(port), plain(taken)] }))
    await expect(gateway.listen()).rejects.toMatchObject({ message: `cannot listen on 127.0.0.1:${taken}: EADDRINUSE` })
    expect(await isRefused(port)).toBe(true)
    await gateway.stop()
  })
})

describe('a new configuration of a listener', () => {
  test('is for new connections; a request that is under way ends, and no connection is refused meanwhile', async () => {
    const { config, start, go } = await publicGateway()
    const port = await freePort()
    const gateway = await start({ listeners: plain(port) })
    const slow = httpRequest({ host: '127.0.0.1', port, path: '/slow', headers: { host: PUBLIC } })
    const answered = once(slow.end(), 'response')
    await once(slow, 'socket')
    expect((await longHeader(port)).status).toBe(200)
    const reloading = gateway.reload(config({ listeners: plain(port, { headers: '16KB' }) }))
    const meanwhile = Array.from({ length: 20 }, () => ask(port, '/', {}))
    await reloading
    expect((await Promise.all(meanwhile)).map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect((await longHeader(port)).status).toBe(431)
    go()
    const [answer]: IncomingMessage[] = await answered
    expect(await text(answer)).toBe('slow')
  })

  test('at an address more takes connections there, and one that is gone takes none', async () => {
    const { config, start } = await publicGateway()
    const [port, next] = [await freePort(), await freePort()]
    const gateway = await start({ listeners: plain(port) })
    await gateway.reload(config({ listeners: [plain(next), plain(port)] }))
    expect(gateway.addresses.map((address) => address.port)).toEqual([next, port])
    for (const one of [port, next]) expect((await ask(one, '/', {})).status).toBe(200)
    await gateway.reload(config({ listeners: plain(next) }))
    expect((await ask(next, '/', {})).status).toBe(200)
    expect(await isRefused(port)).toBe(true)
  })
})
