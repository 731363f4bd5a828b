import { type RedisEvent, type RedisOptions, redisReplayStore, redisTicketStore } from '@s4u/redis'
import { Redis } from 'ioredis'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { LIBRARIES, openClient, openClusterClient, openSentinelClient } from './redis-clients.js'
import { type RedisProcess, startClusterSite, startRedis, startSentinelSite, until } from './redis-servers.js'

/**
 * What goes wrong between a store and Redis, through clients with their default options: both wait
 * for ever in some of these cases.
 */

const soon = (): number => Date.now() + 60_000

/** The error of a call, and how long it took. */
async function failure(call: Promise<unknown>): Promise<{ code: unknown; hint: unknown; took: number }> {
  const began = performance.now()
  const error: unknown = await call.then(
    (value) => new Error(`answered ${String(value)}`),
    (reason: unknown) => reason,
  )
  const { code, hint, message } = Object(error)
  return { code: code ?? message, hint, took: performance.now() - began }
}

await describeRealms('Redis in trouble', ['redis'], (info) => {
  const host = `${info.block}.73`
  let server: RedisProcess
  beforeAll(async () => void (server = await startRedis({ host, port: 6379 })))
  afterAll(() => server[Symbol.asyncDispose]())
  afterEach(async () => {
    server.resume()
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  })

  describe.each(LIBRARIES)('through %s', (library) => {
    test('a server that hangs holds no request longer than the limit, and soon none at all, until it is back', async () => {
      await using opened = await openClient(library, server)
      const told: RedisEvent[] = []
      const options: RedisOptions = { pause: 300, failures: 5, onEvent: (event) => told.push(event) }
      const store = redisReplayStore(opened.client, options)
      expect(await store.remember(randomBytes(32), soon())).toBe('fresh')
      server.pause()
      const doomed = randomBytes(32)
      const first = await failure(store.remember(doomed, soon()))
      expect(first.code).toBe('S4U_REDIS_UNREACHABLE')
      expect(first.took).toBeGreaterThan(200)
      expect(first.took).toBeLessThan(1_000)
      // Questions that wait for the same look at the server count as one.
      for (const _ of [2, 3, 4, 5]) await failure(store.remember(randomBytes(32), soon()))
      const refused = await failure(store.remember(randomBytes(32), soon()))
      expect(refused.code).toBe('S4U_REDIS_UNREACHABLE')
      expect(refused.took).toBeLessThan(100)
      server.resume()
      await until(async () => (await store.remember(randomBytes(32), soon())) === 'fresh')
      expect(told.map((event) => event.kind === 'circuit' && event.state)).toEqual(['open', 'closed'])
      // What was asked and not answered may have been done. It is never taken for fresh again.
      expect(await store.remember(doomed, soon())).toBe('seen')
    })

    test('a server that was killed is reported within the limit, and is used again when it is back', async () => {
      await using opened = await openClient(library, server)
      const told: RedisEvent[] = []
      const store = redisReplayStore(opened.client, { pause: 100, onEvent: (event) => told.push(event) })
      const before = Date.now()
      expect(await store.remember(randomBytes(32), soon(), before)).toBe('fresh')
      await server.kill()
      const { code, took } = await failure(store.remember(randomBytes(32), soon(), before))
      expect([code, took < 1_000]).toEqual(['S4U_REDIS_UNREACHABLE', true])
      await server.restart()
      await until(async () => (await store.remember(randomBytes(32), soon(), Date.now() + 10_000)) === 'fresh')
      // It has forgotten everything, so nothing that was made before can be judged.
      expect(await failure(store.remember(randomBytes(32), soon(), before))).toMatchObject({ code: 'S4U_REDIS_FORGOT' })
      expect(await store.remember(randomBytes(32), soon(), Date.now() + 10_000)).toBe('fresh')
      expect(told.filter(({ kind }) => kind === 'another-master')).toHaveLength(1)
    })

    test('a client that asks twice, since it lost the answer, recognises what it has written itself', async () => {
      await using proxy = await startProxy(server)
      await using opened = await openClient(library, { host, port: proxy.port })
      const store = redisReplayStore(opened.client, { timeLimit: 1_500 })
      expect(await store.remember(randomBytes(32), soon())).toBe('fresh')
      proxy.loseNextAnswer()
      const digest = randomBytes(32)
      const answer = await failure(store.remember(digest, soon()))
      // ioredis sends it again after it has connected again. node-redis rejects.
      expect(answer.code).toBe(library === 'ioredis' ? 'answered fresh' : 'S4U_REDIS_UNREACHABLE')
      await until(async () => (await store.remember(digest, soon())) === 'seen')
    })

    test('a server without memory is full, whatever the app does about one that is down', async () => {
      await using opened = await openClient(library, server)
      const store = redisReplayStore(opened.client)
      await server.command('CONFIG', 'SET', 'maxmemory', '1')
      expect(await store.remember(randomBytes(32), soon())).toBe('full')
    })

    test('a replica takes no writes, and the hint says to connect to the master', async () => {
      await using replica = await startRedis({ host, port: 6380 }, [`replicaof ${host} 6379`])
      await using opened = await openClient(library, replica)
      await until(async () => /master_link_status:up/.test(String(await replica.command('INFO', 'replication'))))
      const { code, hint } = await failure(redisReplayStore(opened.client).remember(randomBytes(32), soon()))
      expect(code).toBe('S4U_REDIS_REFUSED')
      expect(hint).toBe('The client is connected to a replica: connect it to the master, through Sentinel or Cluster.')
    })

    test('a key that something else has written is no reason to believe a token', async () => {
      await using opened = await openClient(library, server)
      const digest = randomBytes(32)
      await server.command('LPUSH', `s4u:replay:1:${digest.toString('base64url')}`, 'x')
      expect(await failure(redisReplayStore(opened.client).remember(digest, soon()))).toMatchObject({
        code: 'S4U_REDIS_REFUSED',
        hint: 'Something else has written under this key: give the stores a prefix that nothing else uses.',
      })
    })

    test(
      'a master that dies is replaced, and what was made before is not judged by the new one',
      { timeout: 60_000 },
      async () => {
        await using site = await startSentinelSite(`${info.block}.74`, 6379)
        await using opened = await openSentinelClient(library, site.name, site.sentinels)
        const store = redisReplayStore(opened.client, { pause: 200 })
        await store.ready()
        const [captured, before] = [randomBytes(32), Date.now()]
        expect(await store.remember(captured, soon(), before)).toBe('fresh')
        await (await site.master()).kill()
        let slowest = 0
        await until(async () => {
          const { code, took } = await failure(store.remember(randomBytes(32), soon(), Date.now() + 60_000))
          slowest = Math.max(slowest, took)
          return code === 'answered fresh'
        }, 30_000)
        // A decision is up to five questions of a quarter of a second each.
        expect(slowest).toBeLessThan(2_000)
        // The replica has got the key in time, or it is lost.
        const { code } = await failure(store.remember(captured, soon(), before))
        expect(['answered seen', 'S4U_REDIS_FORGOT']).toContain(code)
        expect(await failure(store.remember(randomBytes(32), soon(), before))).toMatchObject({
          code: 'S4U_REDIS_FORGOT',
        })
        expect(await store.remember(randomBytes(32), soon(), Date.now() + 60_000)).toBe('fresh')
      },
    )

    test('a dead master of a cluster takes its own keys with it, and no others', { timeout: 60_000 }, async () => {
      await using site = await startClusterSite(`${info.block}.75`, 6379)
      await using opened = await openClusterClient(library, site.servers)
      const store = redisReplayStore(opened.client, { failures: 1_000 })
      await store.ready()
      await site.servers[2].kill()
      const outcomes: unknown[] = []
      for (let round = 0; round < 30; round++)
        outcomes.push((await failure(store.remember(randomBytes(32), soon()))).code)
      const answered = outcomes.filter((code) => code === 'answered fresh').length
      expect(answered).toBeGreaterThan(8)
      expect(
        outcomes.every(
          (code) => code === 'answered fresh' || code === 'S4U_REDIS_UNREACHABLE' || code === 'S4U_REDIS_REFUSED',
        ),
      ).toBe(true)
    })

    test('a ticket store that hangs costs its limit a few times, and then nothing', async () => {
      await using opened = await openClient(library, server)
      const store = redisTicketStore(opened.client, { timeLimit: 100 })
      expect(await store.get('s4u:nothing')).toBeUndefined()
      server.pause()
      await Promise.all([1, 2, 3, 4, 5].map(() => failure(store.get('s4u:nothing'))))
      const { code, took } = await failure(store.get('s4u:nothing'))
      expect([code, took < 50]).toEqual(['S4U_REDIS_UNREACHABLE', true])
    })

    test('a server that is not there is reported within the limit, also by a client that has never been connected', async () => {
      const opened = await openUnconnected(library, { host, port: 1 })
      const { code, took } = await failure(redisReplayStore(opened.client).remember(randomBytes(32), soon()))
      expect([code, took < 1_000]).toEqual(['S4U_REDIS_UNREACHABLE', true])
      opened.close()
    })
  })

  test('a server that drops keys when it is full is told at the start, with what to set; doing it ends the warning', async () => {
    await using opened = await openClient('redis', server)
    const noticesNow = async (): Promise<RedisEvent[]> => {
      const told: RedisEvent[] = []
      await redisReplayStore(opened.client, { onEvent: (event) => told.push(event) }).ready()
      return told
    }
    await server.command('CONFIG', 'SET', 'maxmemory', '100mb')
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl')
    const [notice] = await noticesNow()
    expect(notice).toEqual({
      kind: 'notice',
      level: 'warn',
      code: 'S4U_REDIS_EVICTION',
      message:
        'replays: Redis drops keys when its memory is full (maxmemory-policy volatile-ttl): a token whose key was dropped can be replayed',
      hint: 'Set maxmemory-policy to noeviction: in redis.conf, or with CONFIG SET maxmemory-policy noeviction.',
    })
    const [, command = ''] = /with (CONFIG SET \S+ \w+)/.exec('hint' in notice ? String(notice.hint) : '') ?? []
    await server.command(...command.split(' '))
    expect(await noticesNow()).toEqual([])
  })

  test.each([
    ['ahead of', -600_000],
    ['behind', 600_000],
  ])('a server whose clock is %s ours is told, and forgets no token too early', async (word, difference) => {
    await using opened = await openClient('ioredis', server)
    const told: RedisEvent[] = []
    const now = (): number => Date.now() + difference
    const store = redisReplayStore(opened.client, { now, onEvent: (event) => told.push(event) })
    const digest = randomBytes(32)
    // By a clock that is ten minutes ahead this is over before it begins.
    expect(await store.remember(digest, now() + 300_000)).toBe('fresh')
    expect(await store.remember(digest, now() + 300_000)).toBe('seen')
    expect(told).toMatchObject([
      {
        code: 'S4U_REDIS_CLOCK',
        message: expect.stringMatching(`^replays: the clock of Redis is (600|599|601) s ${word} that of this machine$`),
      },
    ])
  })

  test('a server that says nothing about itself is used, and it is told that a failover is not noticed', async () => {
    await server.command('ACL', 'SETUSER', 'shy', 'on', '>secret', '~*', '+set', '+get', '+time', '+hello', '+client')
    const client = new Redis({ host, port: 6379, username: 'shy', password: 'secret', enableReadyCheck: false })
    client.on('error', () => {})
    const told: RedisEvent[] = []
    const store = redisReplayStore(client, { onEvent: (event) => told.push(event) })
    expect(await store.remember(randomBytes(32), soon())).toBe('fresh')
    expect(told).toMatchObject([{ code: 'S4U_REDIS_RUN_ID' }])
    client.disconnect()
  })
})

/** A client of a server that is not there; `createClient().connect()` never settles then. */
async function openUnconnected(library: 'redis' | 'ioredis', { host, port }: { host: string; port: number }) {
  if (library === 'ioredis') {
    const client = new Redis({ host, port })
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  }
  const client = createClient({ socket: { host, port } })
  client.on('error', () => {})
  client.connect().catch(() => {})
  return { client, close: () => client.destroy() }
}

/** Between a client and the server; can lose an answer and the connection with it. */
async function startProxy(target: { host: string; port: number }) {
  const sockets = new Set<Socket>()
  let loses = false
  const proxy = createServer((near) => {
    const far = connect(target)
    for (const socket of [near, far]) {
      sockets.add(socket.on('error', () => {}))
      socket.on('close', () => void (near.destroy(), far.destroy()))
    }
    near.on('data', (chunk) => far.write(chunk))
    far.on('data', (chunk) => {
      if (!loses) return void near.write(chunk)
      loses = false
      near.destroy()
    })
  })
  proxy.listen(0, target.host)
  await once(proxy, 'listening')
  const { port } = proxy.address() as AddressInfo
  return {
    port,
    loseNextAnswer: () => void (loses = true),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
    },
  }
}
