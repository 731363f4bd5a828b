import type { TestRealm } from '@s4u/test-kdc'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { corporation, Desktop } from '../stories/fixtures/corporation.js'
import { Guide } from '../stories/guides/guide.js'
import { type RedisProcess, startRedis } from './redis-servers.js'

/** The service in the README of @s4u/redis, as it stands there, on two ports and a real server. */
await describeRealms('the service of the README, twice', ['redis'], (info) => {
  const guide = new Guide('../packages/redis/README')
  let redis: RedisProcess
  let realm: TestRealm
  let instances: string[]

  beforeAll(async () => {
    redis = await startRedis({ host: `${info.block}.76`, port: 6379 })
    realm = await corporation()
    await realm.listen()
    guide.settle(realm, 'web')
    const secret = (): string => randomBytes(32).toString('base64')
    const environment = {
      REDIS_URL: `redis://${redis.host}:${redis.port}`,
      SESSION_KEY: secret(),
      STORE_SECRET: secret(),
    }
    instances = await Promise.all([guide.serve('server.mjs', environment), guide.serve('server.mjs', environment)])
  })
  afterAll(async () => {
    guide.close()
    await realm[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })

  test('takes a token once, knows the session of the other instance, and its end', async () => {
    const [one, other] = instances
    const desktop = new Desktop(realm, 'alice')
    const headers = { authorization: await desktop.authorization() }
    const first = await fetch(one, { headers })
    expect(await first.text()).toBe('Hello alice@AD.TEST')
    expect((await fetch(other, { headers })).status).toBe(401)
    const cookie = first.headers.getSetCookie()[0].split(';')[0]
    expect(await (await fetch(other, { headers: { cookie } })).text()).toBe('Hello alice@AD.TEST')
    const out = await fetch(`${one}sign-out`, { method: 'POST', headers: { cookie } })
    expect(out.status).toBe(204)
    expect((await fetch(other, { headers: { cookie } })).status).toBe(401)
  })
})
