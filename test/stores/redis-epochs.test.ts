import type { Session } from '@s4u/negotiate'
import { redisEpochs } from '@s4u/redis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { LIBRARIES, openClient, openClusterClient } from './redis-clients.js'
import { type ClusterSite, type RedisProcess, startClusterSite, startRedis } from './redis-servers.js'

const secret = 'x'.repeat(32)

/** Sessions that one instance ends, as another one sees them. */
await describeRealms('ended sessions on Redis', ['redis'], (info) => {
  const host = `${info.block}.76`
  let server: RedisProcess
  beforeAll(async () => void (server = await startRedis({ host, port: 6379 })))
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(async () => void (await server.command('FLUSHALL')))

  const now = Date.UTC(2026, 2, 1)
  const alice: Session = {
    kind: 'cookie',
    id: 'AAAAAAAAAAAAAAAAAAAAAA',
    principal: 'alice@AD.TEST',
    sid: 'S-1-5-21-1-2-3-1104',
    authenticationMethod: 'kerberos',
    startedAt: now - 1_000,
    expiresAt: now + 3_600_000,
  }
  const { sid: _none, ...withoutSid } = alice

  test.each(LIBRARIES)('one that is ended is no session any more on another instance, through %s', async (library) => {
    await using one = await openClient(library, server)
    await using other = await openClient(library, server)
    const [here, there] = [one, other].map(({ client }) => redisEpochs(client, { secret, now: () => now }))
    expect(await there.isRevoked(alice)).toBe(false)
    await here.end({ id: alice.id })
    expect(await there.isRevoked(alice)).toBe(true)
    expect(await there.isRevoked({ ...alice, id: 'BBBBBBBBBBBBBBBBBBBBBB' })).toBe(false)
  })

  test('one that a negotiator has ended, at a sign-out or a new sign-in, is none on another instance', async () => {
    await using opened = await openClient('redis', server)
    const [here, there] = [1, 2].map(() => redisEpochs(opened.client, { secret, now: () => now }))
    await here.ended.end(alice.id, alice.expiresAt)
    expect([await there.isRevoked(alice), here.ended.isEnded(alice.id)]).toEqual([true, false])
  })

  test.each([
    ['a name', { principal: 'ALICE@ad.test' }, alice],
    ['a name, where no SID is known', { principal: 'alice@AD.TEST' }, withoutSid],
    ['a SID', { sid: 'S-1-5-21-1-2-3-1104' }, alice],
  ])('all sessions of a user end that began before, by %s, and no later ones', async (_, which, session) => {
    await using opened = await openClient('redis', server)
    const epochs = redisEpochs(opened.client, { secret, now: () => now })
    await epochs.end(which)
    const outcomes = [now - 3_600_000, now, now + 2_000, now + 2_001].map((startedAt) =>
      epochs.isRevoked({ ...session, id: 'CCCCCCCCCCCCCCCCCCCCCC', startedAt }),
    )
    expect(await Promise.all(outcomes)).toEqual([true, true, true, false])
    expect(await epochs.isRevoked({ ...session, principal: 'bob@AD.TEST', sid: 'S-1-5-21-1-2-3-1105' })).toBe(false)
  })

  test('Redis sees neither names nor SIDs, and forgets when no session can be as old', async () => {
    await using opened = await openClient('ioredis', server)
    const epochs = redisEpochs(opened.client, { secret, keepFor: 60_000 })
    await epochs.end({ principal: 'alice@AD.TEST' })
    await epochs.end({ sid: 'S-1-5-21-1-2-3-1104' })
    const keys = (await server.command('KEYS', '*')) as string[]
    expect(keys).toHaveLength(2)
    for (const key of keys) {
      expect(key).toMatch(/^s4u:epoch:1:[\w-]{43}$/)
      const left = Number(await server.command('PTTL', key))
      expect(left > 50_000 && left <= 60_000).toBe(true)
    }
  })

  test('the secret is changed while instances run, and no session that was ended counts meanwhile', async () => {
    await using opened = await openClient('redis', server)
    const other = 'y'.repeat(32)
    const having = (secrets: string | readonly string[]) => redisEpochs(opened.client, { secret: secrets })
    const steps = [
      [having(secret), having([secret, other])],
      [having([secret, other]), having([other, secret])],
    ]
    for (const [step, instances] of [...steps, [having([other, secret]), having(other)]].entries())
      for (const one of instances) {
        await one.end({ id: `${step}` })
        for (const each of instances) expect(await each.isRevoked({ ...alice, id: `${step}` })).toBe(true)
        await server.command('FLUSHALL')
      }
  })

  test('a time that was made elsewhere, or moved from another session, is not believed', async () => {
    await using opened = await openClient('redis', server)
    const epochs = redisEpochs(opened.client, { secret })
    await epochs.end({ id: alice.id })
    const [key] = (await server.command('KEYS', '*')) as string[]
    const value = String(await server.command('GET', key))
    expect(value).toMatch(/^[\w-]{55}$/)
    await epochs.end({ id: 'another' })
    const [other] = ((await server.command('KEYS', '*')) as string[]).filter((one) => one !== key)
    for (const written of [`${now}`, String(await server.command('GET', other))]) {
      await server.command('SET', key, written)
      await expect(Promise.resolve(epochs.isRevoked(alice))).rejects.toThrow(
        'the time when sessions ended cannot be read',
      )
    }
  })

  test('what cannot be read ends the session, since nobody knows when it was written', async () => {
    await using opened = await openClient('redis', server)
    const epochs = redisEpochs(opened.client, { secret })
    await epochs.end({ id: alice.id })
    const [key] = (await server.command('KEYS', '*')) as string[]
    await server.command('SET', key, 'yesterday')
    await expect(Promise.resolve(epochs.isRevoked(alice))).rejects.toThrow(
      'the time when sessions ended cannot be read',
    )
  })

  test.each([{}, { id: '' }, { principal: 'a@A', sid: 'S-1-5' }, { name: 'alice' }, { id: undefined }])(
    'it is not guessed whose sessions end: %j',
    async (which) => {
      await using opened = await openClient('redis', server)
      await expect(redisEpochs(opened.client, { secret }).end(Object.assign({ id: '' }, which))).rejects.toThrow(
        'redisEpochs: end takes one of id, principal and sid, and a text that is not empty',
      )
    },
  )

  test('a Redis that hangs leaves it unknown whether a session has ended, and an end is not promised', async () => {
    await using opened = await openClient('redis', server)
    const epochs = redisEpochs(opened.client, { secret, timeLimit: 100 })
    server.pause()
    await expect(Promise.resolve(epochs.isRevoked(alice))).rejects.toThrow('Redis did not answer within 100 ms')
    await expect(epochs.end({ id: alice.id })).rejects.toThrow('Redis did not answer within 100 ms')
    server.resume()
  })

  test('options are checked', async () => {
    await using opened = await openClient('redis', server)
    expect(() => redisEpochs(opened.client, { secret, keepFor: 0 })).toThrow('redisEpochs: keepFor must be a number of')
    expect(() => redisEpochs(opened.client, { secret, clockTolerance: -1 })).toThrow(
      'redisEpochs: clockTolerance must be a',
    )
  })
})

await describeRealms('ended sessions on a cluster', ['redis'], (info) => {
  let site: ClusterSite
  beforeAll(async () => void (site = await startClusterSite(`${info.block}.77`, 6379)))
  afterAll(() => site[Symbol.asyncDispose]())

  test.each(LIBRARIES)('the three keys of a session may lie on three servers, through %s', async (library) => {
    await using opened = await openClusterClient(library, site.servers)
    const epochs = redisEpochs(opened.client, { secret })
    for (let user = 0; user < 10; user++) {
      const [id, principal, sid] = [
        `${library}-${user}`,
        `u${user}@${library}.TEST`,
        `S-1-5-21-${library.length}-${user}`,
      ]
      const facts = { authenticationMethod: 'kerberos', startedAt: Date.now(), expiresAt: Infinity } as const
      const session: Session = { kind: 'cookie', id, principal, sid, ...facts }
      expect(await epochs.isRevoked(session)).toBe(false)
      await epochs.end({ sid })
      expect(await epochs.isRevoked(session)).toBe(true)
    }
  })
})
