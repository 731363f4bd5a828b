/**
 * What a gateway costs beside the bare proxy library (httpxy) on the same machine, in turns.
 *
 * `gateway-kerberos`: CPU microseconds of the gateway's process for one request of a user with a
 * session, with a fresh Kerberos token inside; floor is that of the library alone. The first rounds
 * do not count: compilers of V8 are then most of what is measured.
 * `gateway-headers`: the library alone, given the headers that the gateway sends inside, with
 * random octets in place of each token; floor is the library without them. What is between it and
 * `gateway-kerberos` is what the gateway itself does.
 * `gateway-stream`: milliseconds for a download of 128 MiB (0.134 GB divided by it are GB/s), and
 * the CPU of the process; floor is that of the library. A process takes about 130 ms of CPU or
 * about 380, the library and the gateway alike, and stays at that as long as it lives: so there are
 * three of each, and the best counts.
 * `gateway-apache`: the clock's microseconds for one of eight requests at a time, floor is Apache
 * with a session cookie (gateway/apache-rival.mjs says what it does, and what it does not); the
 * rate is the inverse. `gateway-apache (CPU)`: the CPU of all processes of Apache.
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
import { startApache } from './gateway/apache-rival.mjs'

const HOST = 'orders.example.com'
const CONNECTIONS = 8
const REQUESTS = 400
const WARM_UP_ROUNDS = 20
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
  const proxies = []
  const pair = async () => {
    const [bare, gateway] = [await start({ to }), await start({ config: configOf(folder, to) })]
    proxies.push(bare, gateway)
    gateway.cookie = await signIn(realm, gateway.port)
    return [bare, gateway]
  }
  try {
    const load = { load: requests, divisor: REQUESTS, warmUp: WARM_UP_ROUNDS }
    const [bare, gateway] = await pair()
    const [cpu] = await inTurns([bare, gateway], load)
    add({ name: 'gateway-kerberos', unit: 'µs CPU', ...cpu })
    const sender = await start({ to, headers: await headersInside(inner, gateway) })
    proxies.push(sender)
    const [cpuOfHeaders] = await inTurns([bare, { ...sender, cookie: gateway.cookie }], load)
    add({ name: 'gateway-headers', unit: 'µs CPU', ...cpuOfHeaders })
    await beside(await apacheOf(folder, to), proxies[1], realm, add)
    const streams = []
    for (let pairs = 0; pairs < 3; pairs++)
      streams.push(await inTurns(await pair(), { load: download, divisor: 1_000, warmUp: 1, rounds: 3 }))
    add({ name: 'gateway-stream', unit: 'ms', ...best(streams.map(([, wall]) => wall)) })
    add({ name: 'gateway-stream (CPU)', unit: 'ms CPU', ...best(streams.map(([cpuOfStream]) => cpuOfStream)) })
  } finally {
    for (const { server } of proxies) server.kill()
    agent.destroy()
    inner.closeAllConnections()
    inner.close()
    await realm[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  }
}

const apacheOf = (folder, to) =>
  startApache(folder, { to, keytab: join(folder, 'gateway.keytab'), krb5Config: join(folder, 'krb5.conf') })

async function beside(apache, gateway, realm, add) {
  if (apache === undefined) return console.log('skipped: gateway-apache: Apache with mod_auth_gssapi is not installed')
  try {
    apache.cookie = await signIn(realm, apache.port)
    const load = { load: requests, divisor: REQUESTS, warmUp: 5 }
    const [cpu, wall] = await inTurns([apache, gateway], load, mean)
    add({ name: 'gateway-apache', unit: 'µs', ...wall })
    add({ name: 'gateway-apache (CPU)', unit: 'µs CPU', ...cpu })
  } finally {
    apache.stop()
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

/** What the gateway adds to a request on its way to the inner server. */
async function headersInside(inner, { port, cookie }) {
  const [[{ headers }]] = await Promise.all([once(inner, 'request'), ask(port, '/', { cookie })])
  const { host: _host, connection: _connection, cookie: _cookie, ...added } = headers
  return added
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
  const server = fork(new URL('gateway/proxy-server.mjs', import.meta.url))
  server.send({ start: message })
  const [{ port }] = await once(server, 'message')
  return { server, port, cookie: '', cpu: () => cpuOf(server) }
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

/** The CPU of each process, and the time of the clock: microseconds divided by `divisor`. */
async function inTurns(proxies, { load, divisor, warmUp, rounds = ROUNDS }, average = median) {
  const cpu = proxies.map(() => [])
  const wall = proxies.map(() => [])
  for (let round = -warmUp; round < rounds; round++) {
    for (const [index, { port, cookie, cpu: cpuOf }] of proxies.entries()) {
      const before = await cpuOf()
      const began = performance.now()
      await load(port, { cookie })
      const took = (performance.now() - began) * 1_000
      if (round < 0) continue
      wall[index].push(took / divisor)
      cpu[index].push(((await cpuOf()) - before) / divisor)
    }
  }
  return [cpu, wall].map((costs) => {
    const [floor, value] = costs.map(average)
    return { value, floor, ratio: value / floor }
  })
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

/** Of what the kernel counts in larger pieces than one round takes. */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function best(rows) {
  const [value, floor] = ['value', 'floor'].map((name) => Math.min(...rows.map((row) => row[name])))
  return { value, floor, ratio: value / floor }
}
