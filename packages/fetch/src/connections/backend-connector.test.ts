import { tlsServerEndPoint } from '@s4u/gssapi'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type TLSSocket } from 'node:tls'
import type { AddressInfo, LookupFunction } from 'node:net'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { CERTIFICATES } from '../../../../test/stories/certificates.js'
import { BackendConnector, MAX_ORIGINS } from './backend-connector.js'
import { loadUndici } from './undici.js'

const [certificate] = CERTIFICATES
const open: (() => void)[] = []

beforeAll(async () => void (await loadUndici()))

afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** A server that all names of the world lead to, and its connections. */
async function everywhere(): Promise<{ port: number; sockets: Set<TLSSocket>; opened: () => number }> {
  const sockets = new Set<TLSSocket>()
  const server = createServer(certificate, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }).listen(0, '127.0.0.1')
  let count = 0
  server.on('connection', () => void count++)
  await once(server, 'listening')
  open.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return { port, sockets, opened: () => count }
}

function connectorWith(keepAlive: number): BackendConnector {
  const lookup: LookupFunction = (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])
  const tls: object = { ca: certificate.cert, checkServerIdentity: () => undefined, lookup }
  const connector = new BackendConnector(tls, { keepAlive })
  open.push(() => connector.close())
  return connector
}

test('certificates of many origins are not kept for ever, and are learnt anew', async () => {
  const { port } = await everywhere()
  const connector = connectorWith(50)
  const bound = tlsServerEndPoint(new X509Certificate(certificate.cert).raw)
  for (let index = 0; index < MAX_ORIGINS + 20; index++) {
    expect(await connector.bindings(new URL(`https://host${index}.test:${port}/`))).toEqual(bound)
  }
  expect(connector.size).toBe(MAX_ORIGINS)
  expect(await connector.bindings(new URL(`https://host0.test:${port}/`))).toEqual(bound)
  expect(connector.size).toBe(MAX_ORIGINS)
})

test('an origin that is in use is remembered longer than one that is not', async () => {
  const { port, opened } = await everywhere()
  const connector = connectorWith(50)
  const used = new URL(`https://used.test:${port}/`)
  const others = MAX_ORIGINS + 5
  for (let index = 0; index < others; index++) {
    await connector.bindings(used)
    await connector.bindings(new URL(`https://host${index}.test:${port}/`))
  }
  await connector.bindings(used)
  expect(opened()).toBe(others + 1)
})

test('a connection that showed a certificate, and that no request came for, is closed', async () => {
  const { port, sockets } = await everywhere()
  const connector = connectorWith(200)
  await connector.bindings(new URL(`https://host.test:${port}/`))
  await expect.poll(() => sockets.size, { timeout: 5_000 }).toBe(0)
})

test('many requests that come at once learn it by one connection', async () => {
  const { port, opened } = await everywhere()
  const connector = connectorWith(1_000)
  const url = new URL(`https://host.test:${port}/`)
  const learnt = await Promise.all(Array.from({ length: 20 }, () => connector.bindings(url)))
  expect(new Set(learnt.map(String)).size).toBe(1)
  expect(opened()).toBe(1)
})

test('an origin that could not be reached is tried again', async () => {
  const { port } = await everywhere()
  const connector = connectorWith(50)
  await expect(connector.bindings(new URL('https://host.test:1/'))).rejects.toThrow('fetch failed')
  await expect(connector.bindings(new URL('https://host.test:1/'))).rejects.toThrow('fetch failed')
  expect(await connector.bindings(new URL(`https://host.test:${port}/`))).toBeDefined()
})
