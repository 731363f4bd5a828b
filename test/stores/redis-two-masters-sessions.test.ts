import type { Session } from '@s4u/negotiate'
import { redisAttempts, redisEpochs } from '@s4u/redis'
import { expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { LIBRARIES, openClient } from './redis-clients.js'
import { type RedisProcess, startRedis, until } from './redis-servers.js'

const secret = 'x'.repeat(32)

const alice: Session = {
  kind: 'cookie',
  id: 'AAAAAAAAAAAAAAAAAAAAAA',
  principal: 'alice@AD.TEST',
  authenticationMethod: 'kerberos',
  startedAt: Date.now() - 60_000,
  expiresAt: Date.now() + 3_600_000,
}

/** Sessions that were ended, and attempts that were counted, while two servers are masters. */
await describeRealms('sessions and attempts with two masters', ['redis'], (info) => {
  const host = `${info.block}.81`

  test.each(LIBRARIES)(
    'an end that is certain is on the replica, and holds after the master has died, through %s',
    async (library) => {
      const port = library === 'redis' ? 6_379 : 6_389
      await using pair = await startPair(host, port)
      await using opened = await openClient(library, pair.master)
      const epochs = redisEpochs(opened.client, { secret })
      // A replicated Redis that is met for the first time may be one that has just taken over.
      await until(() => succeeds(epochs.end({ id: alice.id })), 30_000)
      const began = performance.now()
      await epochs.end({ principal: alice.principal })
      await pair.master.kill()
      expect(await pair.replica.command('DBSIZE')).toBeGreaterThanOrEqual(2)
      // Asked for, the replica says at once that it has it.
      expect(performance.now() - began).toBeLessThan(900)
      await pair.replica.command('REPLICAOF', 'NO', 'ONE')
      await using other = await openClient(library, pair.replica)
      const after = redisEpochs(other.client, { secret })
      expect(await after.isRevoked({ ...alice, id: 'BBBBBBBBBBBBBBBBBBBBBB' })).toBe(true)
    },
    60_000,
  )

  test('an end is not promised while the replica does not have it, and holds or is told on both masters', async () => {
    await using pair = await startPair(host, 6_399)
    await using onOld = await openClient('ioredis', pair.master)
    await using onNew = await openClient('redis', pair.replica)
    const [old, current] = [onOld, onNew].map(({ client }) => redisEpochs(client, { secret }))
    expect(await old.isRevoked(alice)).toBe(false)
    pair.replica.pause()
    await expect(old.end({ id: alice.id })).rejects.toThrow(/^(the replicas of Redis did not|another master of Redis)/)
    pair.replica.resume()
    await until(() => succeeds(old.end({ id: 'another' })), 30_000)

    await pair.replica.command('REPLICAOF', 'NO', 'ONE')
    const bob: Session = { ...alice, id: 'BBBBBBBBBBBBBBBBBBBBBB', principal: 'bob@AD.TEST' }
    await expect(old.end({ id: bob.id })).rejects.toThrow(/replicas? (of Redis did not|that it needs)/)
    const told: unknown[] = []
    await until(
      () =>
        succeeds(
          current.end({ principal: bob.principal }).catch((error: unknown) => {
            told.push(Object(error).code)
            throw error
          }),
        ),
      30_000,
    )
    // It is promised when no instance believes the old master any more.
    expect(new Set(told)).toEqual(new Set(['S4U_REDIS_FORGOT']))
    await expect(Promise.resolve(old.isRevoked(bob))).rejects.toThrow('the master of Redis has 0 of the 1 replica')
    expect(await current.isRevoked(bob)).toBe(true)
  }, 90_000)

  test('each of two masters counts attempts by itself: a user has at most as many on each', async () => {
    await using pair = await startPair(host, 6_409)
    const rule = { kind: 'user', limit: 3, window: 60_000, runsFrom: 'first' } as const
    await using onOld = await openClient('ioredis', pair.master)
    const old = redisAttempts(onOld.client, { secret })
    expect((await old.take('alice', rule)).allowed).toBe(true)
    await until(async () => Number(await pair.replica.command('DBSIZE')) > 0)
    await pair.replica.command('REPLICAOF', 'NO', 'ONE')
    await using onNew = await openClient('redis', pair.replica)
    const current = redisAttempts(onNew.client, { secret })
    const outcomes: boolean[] = []
    for (const store of [old, current, old, current, old, current])
      outcomes.push((await store.take('alice', rule)).allowed)
    // The one that was counted before is known to both.
    expect(outcomes).toEqual([true, true, true, true, false, false])
  })
})

interface Pair extends AsyncDisposable {
  readonly master: RedisProcess
  readonly replica: RedisProcess
}

async function startPair(host: string, port: number): Promise<Pair> {
  const master = await startRedis({ host, port })
  const replica = await startRedis({ host, port: port + 1 }, [`replicaof ${host} ${port}`])
  await until(async () => String(await master.command('INFO', 'replication')).includes('state=online'))
  return {
    ...{ master, replica },
    async [Symbol.asyncDispose]() {
      for (const one of [replica, master]) await one[Symbol.asyncDispose]()
    },
  }
}

function succeeds(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    () => false,
  )
}
