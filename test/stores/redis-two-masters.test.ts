import { type RedisEvent, type RedisReplayStore, redisReplayStore } from '@s4u/redis'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { startPartedServers } from './parted-servers.js'
import { LIBRARIES, openClient, openSentinelClient } from './redis-clients.js'
import { type RedisProcess, type SentinelSite, startRedis, startSentinelSite, until } from './redis-servers.js'

/**
 * While two servers take writes as masters, two instances of a service must not accept the same
 * token, each on its own master.
 */

/** What became of tokens that were shown to both instances as soon as they were made. */
interface Shown {
  /** Accepted by the instance on the old master, and by the one that follows Sentinel. */
  old: number
  current: number
  both: number
}

async function accepts(store: RedisReplayStore, digest: Uint8Array, issuedAt: number): Promise<boolean> {
  return (await store.remember(digest, issuedAt + 60_000, issuedAt).catch(() => undefined)) === 'fresh'
}

/** Shows one token after the other to both, until `isOver`. */
async function showUntil(
  isOver: (shown: Shown) => boolean,
  stores: { old: RedisReplayStore; current: RedisReplayStore },
  patience = 40_000,
): Promise<Shown> {
  const shown: Shown = { old: 0, current: 0, both: 0 }
  const order: ('old' | 'current')[] = ['old', 'current']
  const end = performance.now() + patience
  while (!isOver(shown)) {
    if (performance.now() > end) throw new Error(`not within ${patience} ms: ${JSON.stringify(shown)}`)
    const [digest, issuedAt] = [randomBytes(32), Date.now()]
    const show = { old: false, current: false }
    for (const name of order) show[name] = await accepts(stores[name], digest, issuedAt)
    // In turn: a busy Sentinel may make the old one the master again, and then both ask it.
    order.reverse()
    const { old, current } = show
    if (old) shown.old++
    if (current) shown.current++
    if (old && current) shown.both++
    await sleep(50)
  }
  return shown
}

/** The replica takes over, while the old master lives on or comes back. */
const TAKEOVERS: Record<string, (site: SentinelSite) => Promise<void>> = {
  async 'SENTINEL FAILOVER, and the old master takes writes until Sentinel turns it into a replica'(site) {
    const old = await site.master()
    await site.failOver()
    await until(async () => (await site.master()).port !== old.port)
  },
  async 'kill -9 and a failover, and the old master comes back as a master'(site) {
    const old = await site.master()
    await old.kill()
    await until(async () => (await site.master()).port !== old.port)
    await old.restart()
  },
}

/** One that no fence of a new master holds back. */
const inTime = (): number => Date.now() + 60_000
const acceptsNow = (store: RedisReplayStore): Promise<boolean> => accepts(store, randomBytes(32), inTime())

await describeRealms('two masters', ['redis'], (info) => {
  const host = `${info.block}.79`
  const cases = LIBRARIES.flatMap((library) => Object.keys(TAKEOVERS).map((takeover) => ({ library, takeover })))

  // They wait most of the time.
  describe.concurrent('of Sentinel', () => {
    for (const [index, { library, takeover }] of cases.entries())
      test(`${takeover}: no token is accepted on both, through ${library}`, { timeout: 180_000 }, async () => {
        await using site = await startSentinelSite(host, 6_400 + 10 * index)
        const first = await site.master()
        await until(() => hasReplicas(first, 1))
        await using direct = await openClient(library, first)
        await using following = await openSentinelClient(library, site.name, site.sentinels)
        const stores = { old: redisReplayStore(direct.client), current: redisReplayStore(following.client) }
        await until(() => acceptsNow(stores.old))
        await until(() => acceptsNow(stores.current))
        await TAKEOVERS[takeover](site)
        // A Sentinel that was not let run for two seconds does nothing for thirty (TILT).
        const shown = await showUntil(({ current }) => current >= 20, stores, 120_000)
        expect(shown.both).toBe(0)
      })
  })

  test('both live on, and the instance on the new one has just started', { timeout: 60_000 }, async () => {
    await using old = await startRedis({ host, port: 6_379 })
    await using promoted = await startRedis({ host, port: 6_380 }, [`replicaof ${host} 6379`])
    await until(() => hasReplicas(old, 1))
    await using onOld = await openClient('ioredis', old)
    const told: RedisEvent[] = []
    const stores = { old: redisReplayStore(onOld.client, { onEvent: (event) => void told.push(event) }) }
    expect(await acceptsNow(stores.old)).toBe(true)
    const [captured, issuedAt] = [randomBytes(32), Date.now()]
    await promoted.command('REPLICAOF', 'NO', 'ONE')
    await using onNew = await openClient('redis', promoted)
    const current = redisReplayStore(onNew.client)
    const shown = await showUntil((counts) => counts.current >= 5, { ...stores, current })
    expect(shown.both).toBe(0)
    // Another one that starts now goes by the time of the first.
    await using later = await openClient('ioredis', promoted)
    const store = redisReplayStore(later.client)
    expect(await accepts(store, randomBytes(32), Date.now())).toBe(true)
    await expect(store.remember(captured, inTime(), issuedAt)).rejects.toThrow(
      'another master of Redis answers since the token was made, and may not know it',
    )
    expect(told).toMatchObject([{ kind: 'replicas', state: 'missing' }])
  })

  test(
    'both live for as long as the network between them is parted, without a connection that ends',
    { timeout: 90_000 },
    async () => {
      await using servers = await startPartedServers(info.block, host, 6_386)
      const { master, replica, cut, heal, swap } = servers
      await using onOld = await openClient('redis', master)
      await using onNew = await openClient('ioredis', replica)
      const stores = { old: redisReplayStore(onOld.client), current: redisReplayStore(onNew.client) }
      await until(() => hasReplicas(master, 1))
      await until(() => accepts(stores.old, randomBytes(32), Date.now()), 30_000)
      await cut()
      await replica.command('REPLICAOF', 'NO', 'ONE')
      const shown = await showUntil(({ current }) => current >= 20, stores)
      // The old one goes by the last answer of its replica for some seconds, and then knows.
      expect(shown.both).toBe(0)
      expect(await refusal(() => stores.old.remember(randomBytes(32), inTime()))).toMatchObject({
        code: 'S4U_REDIS_REPLICAS',
      })
      await heal()
      await swap()
      expect(await accepts(stores.current, randomBytes(32), Date.now())).toBe(true)
    },
  )

  describe('of three servers', () => {
    test(
      'one may be away with replicas: 2, as the hint says, and no token is accepted on two',
      { timeout: 90_000 },
      async () => {
        await using old = await startRedis({ host, port: 6_381 })
        await using promoted = await startRedis({ host, port: 6_382 }, [`replicaof ${host} 6381`])
        await using third = await startRedis({ host, port: 6_383 }, [`replicaof ${host} 6381`])
        await until(() => hasReplicas(old, 2))
        await using onOld = await openClient('redis', old)
        const told: RedisEvent[] = []
        const counting = redisReplayStore(onOld.client, { onEvent: (event) => void told.push(event) })
        expect(await acceptsNow(counting)).toBe(true)
        expect(told).toMatchObject([{ code: 'S4U_REDIS_REPLICA_COUNT' }])
        const [, replicas] =
          /Set replicas of redisReplayStore to (\d+)/.exec('hint' in told[0] ? String(told[0].hint) : '') ?? []
        await third.kill()
        await until(() => hasReplicas(old, 1))
        // At the latest by the next look.
        await until(async () => !(await acceptsNow(counting)))
        const lacking = await refusal(() => counting.remember(randomBytes(32), inTime()))
        expect(lacking).toMatchObject({
          code: 'S4U_REDIS_REPLICAS',
          message: 'the master of Redis has 1 of the 2 replicas that it needs, and may have been replaced',
        })
        const quiet: RedisEvent[] = []
        const majority = { replicas: Number(replicas), onEvent: (event: RedisEvent) => void quiet.push(event) }
        const stores = { old: redisReplayStore(onOld.client, majority) }
        expect([await acceptsNow(stores.old), quiet]).toEqual([true, []])

        // The third stays with the old master at first, and goes over to the new one then.
        await third.restart()
        await until(() => hasReplicas(old, 2))
        await promoted.command('REPLICAOF', 'NO', 'ONE')
        await using onNew = await openClient('ioredis', promoted)
        const current = redisReplayStore(onNew.client, majority)
        const before = await showUntil((counts) => counts.old >= 20, { ...stores, current })
        expect(before).toMatchObject({ current: 0, both: 0 })
        await third.command('REPLICAOF', host, '6382')
        const after = await showUntil((counts) => counts.current >= 5, { ...stores, current })
        expect(after.both).toBe(0)
        expect(await acceptsNow(stores.old)).toBe(false)
      },
    )

    test(
      'one that was taken away for good is taken out of replicas, as the hint says',
      { timeout: 60_000 },
      async () => {
        await using master = await startRedis({ host, port: 6_384 })
        const replica = await startRedis({ host, port: 6_385 }, [`replicaof ${host} 6384`])
        await until(() => hasReplicas(master, 1))
        await using opened = await openClient('redis', master)
        const store = redisReplayStore(opened.client)
        expect(await acceptsNow(store)).toBe(true)
        await replica[Symbol.asyncDispose]()
        await until(async () => (await refusal(() => store.remember(randomBytes(32), inTime()))) !== undefined)
        const { hint } = Object(await refusal(() => store.remember(randomBytes(32), inTime())))
        expect(hint).toBe(
          'Bring the replica back. If it was taken away for good, set the option replicas of the store to the number that is left.',
        )
        expect(await acceptsNow(redisReplayStore(opened.client, { replicas: 0 }))).toBe(true)
      },
    )
  })

  test(
    'a master that starts again at its address, unseen by the Sentinel client of redis, is noticed',
    { timeout: 60_000 },
    async () => {
      await using site = await startSentinelSite(host, 6_390)
      // It is back before Sentinel has noticed, and the client tells of nothing.
      for (const sentinel of site.sentinels)
        await sentinel.command('SENTINEL', 'SET', site.name, 'down-after-milliseconds', '60000')
      await using opened = await openSentinelClient('redis', site.name, site.sentinels)
      const store = redisReplayStore(opened.client)
      const [captured, issuedAt] = [randomBytes(32), Date.now()]
      await until(() => acceptsNow(store))
      await until(() => accepts(store, captured, inTime()))
      const master = await site.master()
      await master.kill()
      await master.restart()
      const outcomes: (boolean | undefined)[] = []
      await until(async () => {
        outcomes.push(await accepts(store, captured, issuedAt))
        return acceptsNow(store)
      })
      outcomes.push(await accepts(store, captured, issuedAt))
      expect(outcomes).not.toContain(true)
    },
  )
})

async function hasReplicas(server: RedisProcess, count: number): Promise<boolean> {
  const info = String(await server.command('INFO', 'replication'))
  return (info.match(/state=online/g) ?? []).length === count
}

async function refusal(call: () => Promise<unknown>): Promise<unknown> {
  return call().then(
    () => undefined,
    (reason: unknown) => reason,
  )
}
