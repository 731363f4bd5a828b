/**
 * What protection adds to a request of a web app: CPU microseconds of the server's process, all its
 * threads, for one full sign-on per request (a fresh token, mutual authentication, replay
 * detection, a PAC) on kept-alive connections, with the load made by this process.
 *
 * Floor is what the request costs without protection. Ratio is requests per second with protection
 * against those without, in the same run: 1 would be free. (It is bounded by this process too,
 * which shares the machine.)
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { createTestRealm } from '@s4u/test-kdc'

const CONNECTIONS = 8
const REQUESTS = 1_200
const WARM_UP_ROUNDS = 6
const ROUNDS = 25

export default async function bench(_measure, add) {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland', groups: ['Sales', 'Staff', 'Readers'] } },
    services: { web: { spns: ['HTTP/web.ad.test'] } },
  })
  const credentials = { principal: 'alice', password: 'wonderland' }
  const client = createKdcClient({ realm: realm.realm, kdc: realm.transport, credentials })
  const ticket = await client.ticketFor('HTTP/web.ad.test')
  for (const framework of ['express', 'koa']) {
    const row = await benchWeb(framework, Buffer.from(realm.keytabFile('web')).toString('base64'), ticket)
    add({ name: `${framework}-protected`, unit: 'µs CPU', ...row })
  }
}

/**
 * Each app has a process of its own, as apps have: two of Express in one process make it slower
 * than either is alone.
 */
async function benchWeb(framework, keytab, ticket) {
  const apps = [
    { ...(await startServer({ framework })), load: () => [] },
    {
      ...(await startServer({ framework, keytab })),
      load: () => [`Authorization: ${formatAuthorization(createInitiator({ ticket, now: Date.now }).token)}`],
    },
  ]
  const costs = [[], []]
  const times = [[], []]
  try {
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      for (const [index, { server, port, load }] of apps.entries()) {
        const requests = Array.from({ length: REQUESTS }, () => requestWith(load()))
        const before = await cpuOf(server)
        const started = performance.now()
        await send(port, requests)
        const elapsed = performance.now() - started
        const cost = ((await cpuOf(server)) - before) / REQUESTS
        if (round < 0) continue
        costs[index].push(cost)
        times[index].push(elapsed)
      }
    }
  } finally {
    for (const { server } of apps) {
      server.disconnect()
      await once(server, 'exit')
    }
  }
  const [bare, full] = costs
  const [unguarded, guarded] = times
  // Round by round, since the machine may be twice as fast in one as in another.
  const value = median(full.map((cost, round) => cost - bare[round]))
  return { value, floor: median(bare), ratio: median(guarded.map((time, round) => unguarded[round] / time)) }
}

async function startServer(start) {
  const server = fork(new URL('web-server.mjs', import.meta.url))
  server.send({ start })
  const [{ port }] = await once(server, 'message')
  return { server, port }
}

async function cpuOf(server) {
  server.send({ cpu: true })
  const [{ cpu }] = await once(server, 'message')
  return cpu
}

function requestWith(headers) {
  return ['GET / HTTP/1.1', 'Host: web.ad.test', ...headers, '', ''].join('\r\n')
}

/** Sends all, on a few connections, one after the other on each. */
async function send(port, requests) {
  const queue = requests[Symbol.iterator]()
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () => sendOn(connect({ port, host: '127.0.0.1', noDelay: true }), queue)),
  )
}

/**
 * Reads no more of an answer than is needed to know that it is a 200 and that it is whole: headers
 * in one piece, then `hello`.
 */
function sendOn(socket, queue) {
  return new Promise((resolve, reject) => {
    let answer = ''
    const next = () => {
      const { done, value } = queue.next()
      if (!done) return socket.write(value)
      socket.destroy()
      return resolve()
    }
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', (data) => {
      answer += data
      if (!answer.startsWith('HTTP/1.1 200')) return reject(new Error(answer.slice(0, 200)))
      if (!answer.endsWith('\r\n\r\nhello')) return undefined
      answer = ''
      return next()
    })
    next()
  })
}

function median(values) {
  return values.toSorted((left, right) => left - right)[values.length >> 1]
}
