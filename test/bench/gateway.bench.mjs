/**
 * What a gateway costs beside the bare proxy library (httpxy) on the same machine, in turns.
 *
 * `gateway-kerberos`: CPU microseconds of the gateway's process for one request of a user with a
 * session, with a fresh Kerberos token inside; floor is that of the library alone.
 * `gateway-stream`: CPU milliseconds for a download of 128 MiB; floor is that of the library.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { createTestRealm } from '@s4u/test-kdc'

const HOST = 'orders.example.com'
const CONNECTIONS = 8
const REQUESTS = 400
const WARM_UP_ROUNDS = 2
const ROUNDS = 9
const CHUNK = Buffer.alloc(65_536)
const CHUNKS = 2_048
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

export default async function bench(_measure, add) {
  const folder = mkdtempSync(join(tmpdir(), 's4u-bench-gateway-'))
  const inner = createServer(answer).listen(0, '127.0.0.1')
  await once(inner, 'listening')
  const to = `http://127.0.0.1:${inner.address().port}`
  const realm = await realmFor(folder)
  const proxies = [await start({ to }), await start({ config: configOf(folder, to) })]
  try {
    proxies[1].cookie = await signIn(realm, proxies[1].port)
    add({ name: 'gateway-kerberos', unit: 'µs CPU', ...(await inTurns(proxies, requests, REQUESTS)) })
    add({ name: 'gateway-stream', unit: 'ms CPU', ...(await inTurns(proxies, download, 1_000)) })
  } finally {
    for (const { server } of proxies) server.kill()
    agent.destroy()
    inner.closeAllConnections()
    inner.close()
    await realm[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function answer({ url }, response) {
  if (url !== '/large') return response.writeHead(200, { 'Content-Length': 5 }).end('hello')
  response.writeHead(200, { 'Content-Length': CHUNK.length * CHUNKS })
  for (let left = CHUNKS; left > 0; left--) if (!response.write(CHUNK)) await once(response, 'drain')
  return response.end()
}

async function realmFor(folder) {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland', groups: ['Sales', 'Staff', 'Readers'] } },
    services: {
      gateway: { spns: [`HTTP/${HOST}`], allowedToDelegateTo: ['HTTP/orders.ad.test'] },
      orders: { spns: ['HTTP/orders.ad.test'] },
    },
  })
  await realm.listen()
  writeFileSync(join(folder, 'krb5.conf'), realm.krb5Conf())
  writeFileSync(join(folder, 'gateway.keytab'), realm.keytabFor('gateway').encode())
  return realm
}

function configOf(folder, to) {
  const [keytab, krb5Config] = ['gateway.keytab', 'krb5.conf'].map((name) => join(folder, name))
  return {
    kerberos: { keytab, krb5Config, principal: 'gateway' },
    session: { secure: false },
    listeners: { address: '127.0.0.1:0', plain: true },
    operation: { alerts: 'off' },
    sites: { hosts: HOST, to, delegation: { service: 'HTTP/orders.ad.test' } },
  }
}

async function start(message) {
  const server = fork(new URL('proxy-server.mjs', import.meta.url))
  server.send({ start: message })
  const [{ port }] = await once(server, 'message')
  return { server, port, cookie: '' }
}

async function signIn(realm, port) {
  const credentials = { principal: 'alice', password: 'wonderland' }
  const client = createKdcClient({ realm: realm.realm, kdc: realm.transport, credentials })
  const ticket = await client.ticketFor(`HTTP/${HOST}`)
  const { headers } = await ask(port, '/', {
    authorization: formatAuthorization(createInitiator({ ticket, now: Date.now }).token),
  })
  return headers['set-cookie'].map((line) => line.split(';')[0]).join('; ')
}

async function inTurns(proxies, load, divisor) {
  const costs = proxies.map(() => [])
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [index, { server, port, cookie }] of proxies.entries()) {
      const before = await cpuOf(server)
      await load(port, { cookie })
      if (round >= 0) costs[index].push(((await cpuOf(server)) - before) / divisor)
    }
  }
  const [floor, value] = costs.map(median)
  return { value, floor, ratio: value / floor }
}

async function requests(port, headers) {
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let left = REQUESTS / CONNECTIONS; left > 0; left--) await ask(port, '/', headers)
    }),
  )
}

const download = (port, headers) => ask(port, '/large', headers)

async function ask(port, path, headers) {
  const asked = httpRequest({ host: '127.0.0.1', port, path, agent, headers: { host: HOST, ...headers } }).end()
  const [response] = await once(asked, 'response')
  if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`)
  response.resume()
  await once(response, 'end')
  return response
}

async function cpuOf(server) {
  server.send({ cpu: true })
  const [{ cpu }] = await once(server, 'message')
  return cpu
}

function median(values) {
  return values.toSorted((left, right) => left - right)[values.length >> 1]
}
