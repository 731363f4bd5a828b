import { redisAttempts, redisEpochs, redisReplayStore, redisTicketStore } from '@s4u/redis'
import { Redis } from 'ioredis'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { type RedisProcess, startRedis } from './redis-servers.js'

const readme = readFileSync(new URL('../../packages/redis/README.md', import.meta.url), 'utf8')
const [, setUser = '', forAttempts = ''] =
  /`ACL (SETUSER [^`]+)`, with `redisAttempts` also `([^`]+)`/.exec(readme) ?? []

/** A user of Redis with the rights that the README names, and no others. */
await describeRealms('the rights that the README names', ['redis'], (info) => {
  const host = `${info.block}.78`
  let server: RedisProcess
  beforeAll(async () => {
    server = await startRedis({ host, port: 6379 })
    await server.command('ACL', ...`${setUser} ${forAttempts}`.split(' '))
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const open = {
    async redis() {
      const client = createClient({ username: 's4u', password: 'PASSWORD', socket: { host, port: 6379 } })
      client.on('error', () => {})
      await client.connect()
      return { client, close: () => client.destroy() }
    },
    async ioredis() {
      const client = new Redis({ host, port: 6379, username: 's4u', password: 'PASSWORD' })
      return { client, close: () => client.disconnect() }
    },
  }

  test.each(['redis', 'ioredis'] as const)('are enough for all stores, through %s', async (library) => {
    const { client, close } = await open[library]()
    const told: unknown[] = []
    const options = { onEvent: (event: unknown) => void told.push(event) }
    expect(await redisReplayStore(client, options).remember(randomBytes(32), Date.now() + 60_000)).toBe('fresh')
    const tickets = redisTicketStore(client, options)
    await tickets.set('name', Uint8Array.of(1), 60_000)
    expect(await tickets.get('name')).toEqual(Buffer.of(1))
    await redisEpochs(client, { ...options, secret: 'x'.repeat(32) }).end({ id: 'one' })
    const rule = { kind: 'user', limit: 1, window: 60_000, runsFrom: 'last' } as const
    const attempts = redisAttempts(client, { ...options, secret: 'x'.repeat(32) })
    const taken = await attempts.take(library, rule)
    expect(taken.allowed).toBe(true)
    await attempts.settle(library, rule, 'takenAt' in taken ? taken.takenAt : 0, 'failed')
    expect(told).toEqual([])
    await expect(redisTicketStore(client, { prefix: 'other:' }).get('name')).rejects.toThrow(
      /^Redis refused a command: NOPERM/,
    )
    close()
  })
})
