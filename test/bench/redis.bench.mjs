/**
 * What stores on Redis add: `replay-redis`, CPU microseconds of this process for one decision of
 * the replay store, fifty under way at a time, next to a bare `SET … NX PXAT` of the same client;
 * and `tickets-redis`, microseconds until a ticket of 1 kB is there that another instance has
 * stored, one after the other, next to a bare `PING`. With the redis-server of this machine, if
 * there is one.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisReplayStore, redisTicketStore } from '@s4u/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

const ADDRESS = { host: '127.0.86.1', port: 6379 }
const UNDER_WAY = 50
const WAVES = 200
const WARM_UP_WAVES = 60
const TICKETS = 2_000

export default async function bench(_measure, add) {
  const server = await startServer()
  if (server === undefined) return console.log('redis-server is not installed: no rows of stores on Redis')
  try {
    for (const library of ['redis', 'ioredis']) await benchLibrary(library, add)
  } finally {
    server.kill()
    await once(server, 'exit')
  }
}

async function benchLibrary(library, add) {
  const { client, set, ping, close } = library === 'redis' ? await ofNodeRedis() : ofIoRedis()
  const replays = redisReplayStore(client, { timeLimit: 1_500 })
  await replays.ready()
  const until = () => Date.now() + 600_000
  const decide = () => replays.remember(randomBytes(32), until(), Date.now())
  const bare = () => set(`bare:${randomBytes(32).toString('base64url')}`, until())
  const [value, floor] = [await cpuOf(decide), await cpuOf(bare)]
  add({ name: `replay-redis through ${library}`, value, floor, ratio: value / floor, unit: 'us CPU' })

  const tickets = redisTicketStore(client, { timeLimit: 1_500 })
  await tickets.set('ticket', randomBytes(1_024), 600_000)
  const [found, pinged] = [await wallOf(() => tickets.get('ticket')), await wallOf(ping)]
  add({ name: `tickets-redis through ${library}`, value: found, floor: pinged, ratio: found / pinged, unit: 'us' })
  close()
}

async function ofNodeRedis() {
  const client = createClient({ socket: ADDRESS })
  client.on('error', () => {})
  await client.connect()
  const set = (key, at) => client.sendCommand(['SET', key, '1', 'NX', 'PXAT', String(at)])
  return { client, set, ping: () => client.ping(), close: () => client.destroy() }
}

function ofIoRedis() {
  const client = new Redis(ADDRESS)
  const set = (key, at) => client.call('SET', key, '1', 'NX', 'PXAT', String(at))
  return { client, set, ping: () => client.ping(), close: () => client.disconnect() }
}

/** CPU microseconds of one operation, with many under way. */
async function cpuOf(operation) {
  const waves = async (count) => {
    for (let wave = 0; wave < count; wave++) await Promise.all(Array.from({ length: UNDER_WAY }, operation))
  }
  await waves(WARM_UP_WAVES)
  const before = process.cpuUsage()
  await waves(WAVES)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (WAVES * UNDER_WAY)
}

/** The median of microseconds until an operation has ended, one after the other. */
async function wallOf(operation) {
  const times = []
  for (let round = 0; round < TICKETS; round++) {
    const began = performance.now()
    await operation()
    times.push((performance.now() - began) * 1_000)
  }
  return times.sort((a, b) => a - b)[TICKETS / 2]
}

async function startServer() {
  const { host, port } = ADDRESS
  const args = ['--bind', host, '--port', String(port), '--save', '', '--appendonly', 'no', '--protected-mode', 'no']
  const server = spawn('redis-server', args, { stdio: 'ignore' })
  const missing = await Promise.race([once(server, 'error').then(() => true), sleep(300).then(() => false)])
  if (missing) return undefined
  process.once('exit', () => server.kill('SIGKILL'))
  for (let tries = 0; tries < 50; tries++) {
    const socket = connect({ host, port })
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isThere) return server
    await sleep(100)
  }
  throw new Error(`redis-server does not listen on ${host}:${port}`)
}
