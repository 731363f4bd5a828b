/**
 * One instance of a service, as docs/deployment.md has it:
 * `node --expose-gc instance.mjs SETTINGS`, with the settings of `InstanceSettings` in fleet.ts as
 * JSON. `/` says who calls, `/orders` calls the backend as the caller. SIGHUP reads the secrets
 * again, SIGTERM ends it when its requests have ended.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNegotiator, respond } from '@s4u/negotiate'
import { redisEpochs, redisReplayStore, redisTicketStore } from '@s4u/redis'
import { Redis } from 'ioredis'
import { createSentinel } from 'redis'

const settings = JSON.parse(process.argv[2])
const { number, version, host, port, keytab, account, secrets, clock, kdc, backend } = settings
const now = () => Date.now() + clock
const stores = { now, timeLimit: 1_500, pause: 300 }
const client = await openClient(settings)
const replayCache = redisReplayStore(client, stores)
const tickets = redisTicketStore(client, stores)
await replayCache.ready()

let current = openNegotiator()
let rereads = 0
process.on('SIGHUP', () => {
  const old = current
  current = openNegotiator()
  rereads++
  old.end()
})

/** A negotiator with the secrets of now. Another one takes its place when they change. */
function openNegotiator() {
  const { sessionKeys, storeSecrets } = JSON.parse(readFileSync(secrets, 'utf8'))
  const { isRevoked } = redisEpochs(client, { ...stores, secret: storeSecrets, clockTolerance: 5_000 })
  const negotiator = createNegotiator({
    keytab,
    now,
    replayCache,
    session: { kind: 'cookie', keys: sessionKeys, secure: false, isRevoked },
    delegation: { principal: account },
    kdc: { kdc, cache: { shared: { store: tickets, secret: storeSecrets } } },
    fetch: { serviceNames: { [new URL(backend.url).host]: backend.spn } },
  })
  let underWay = 0
  let isEnding = false
  const endIfIdle = () => {
    if (isEnding && underWay === 0) negotiator[Symbol.dispose]()
  }
  return {
    async use(operation) {
      underWay++
      try {
        return await operation(negotiator)
      } finally {
        underWay--
        endIfIdle()
      }
    },
    end() {
      isEnding = true
      endIfIdle()
    },
  }
}

let isDraining = false
const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
  response.setHeader('X-Instance', number)
  if (request.url === '/healthz') return response.writeHead(isDraining ? 503 : 200).end()
  if (request.url === '/rereads') return response.end(JSON.stringify(rereads))
  if (request.url === '/figures') return response.end(JSON.stringify({ ...figures(), began }))
  return current.use((negotiator) => answer(negotiator, request, response))
})
// The proxies keep their connections for a minute: who closes first must be the proxy.
server.keepAliveTimeout = 75_000

async function answer(negotiator, request, response) {
  try {
    const outcome = await negotiator.authenticate(request)
    if (outcome.status === 'challenge') return refuse(response, outcome)
    const { identity, headers, by } = outcome
    const asCaller = request.url === '/orders' ? await ordersOf(identity) : {}
    const user = createHash('sha256').update(identity.principal).digest('base64url')
    const body = { principal: identity.principal, by, number, version, ...asCaller }
    response.writeHead(200, { ...headers, 'X-User': user }).end(JSON.stringify(body))
  } catch (error) {
    response.writeHead(error.status ?? 500, { 'X-Code': error.code ?? error.name }).end()
  }
}

function refuse(response, challenge) {
  if (challenge.error !== undefined) response.setHeader('X-Code', challenge.error.code)
  return respond(response, challenge)
}

async function ordersOf(identity) {
  const caller = identity.impersonate()
  try {
    const answered = await caller.fetch(`${backend.url}/`)
    if (answered.status !== 200) throw Object.assign(new Error('the backend refuses'), { status: 502 })
    return { backendSaw: await answered.text() }
  } finally {
    caller[Symbol.dispose]()
  }
}

/**
 * Octets of the heap after a collection, open sockets, and the longest time since the last look
 * when this process did not get to run; milliseconds.
 */
function figures() {
  const lag = Math.round(delays.max / 1e6)
  delays.reset()
  globalThis.gc()
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap')
  return { heap: process.memoryUsage().heapUsed, sockets: sockets.length, lag }
}

process.once('SIGTERM', async () => {
  // The balancer sees it at its second check, and sends nothing new.
  isDraining = true
  await sleep(2_500)
  await new Promise((resolve) => void server.close(resolve))
  process.exit()
})

/** Through one relay for each server of Redis, which the test slows down and cuts. */
async function openClient({ library, sentinels, relays }) {
  if (library === 'ioredis') {
    const redis = new Redis({
      sentinels,
      name: 's4u',
      natMap: relays,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    })
    redis.on('error', () => {})
    await new Promise((resolve) => void redis.once('ready', resolve))
    return redis
  }
  const sentinel = createSentinel({
    name: 's4u',
    sentinelRootNodes: sentinels,
    nodeAddressMap: relays,
    masterPoolSize: 8,
  })
  sentinel.on('error', () => {})
  await sentinel.connect()
  return sentinel
}

const delays = monitorEventLoopDelay({ resolution: 10 })
delays.enable()
const began = figures()
server.listen(port, host)
