import { redisAttempts, redisReplayStore, redisTicketStore } from '@s4u/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { LIBRARIES, type OpenClient, openClient, openClusterClient, openSentinelClient } from './redis-clients.js'
import {
  type ClusterSite,
  type RedisProcess,
  type SentinelSite,
  startClusterSite,
  startRedis,
  startSentinelSite,
} from './redis-servers.js'
import { attemptStoreRules } from './attempt-store-rules.js'
import { replayStoreRules } from './replay-store-rules.js'
import { ticketStoreRules } from './ticket-store-rules.js'

/** The rules are about answers, and a busy machine answers late: the longest time is given. */
const patient = { timeLimit: 1_500 }

/** Two instances, each with a client of its own. */
function describeStores(title: string, open: () => Promise<OpenClient>): void {
  describe(title, () => {
    const opened: OpenClient[] = []
    let next = 0
    const client = () => opened[next++ % 2].client
    beforeAll(async () => {
      opened.push(await open(), await open())
      // The rules have tokens that are made now. A server does not judge them just after its start.
      await redisReplayStore(opened[0].client, patient).ready()
    })
    afterAll(async () => {
      for (const one of opened) await one[Symbol.asyncDispose]()
    })
    describe('replays', () => {
      for (const { name, check } of replayStoreRules(() => redisReplayStore(client(), patient))) test(name, check)
    })
    describe('attempts', () => {
      for (const { name, check } of attemptStoreRules(() =>
        redisAttempts(client(), { ...patient, secret: 'x'.repeat(32) }),
      ))
        test(name, check)
    })
    describe('tickets', () => {
      for (const { name, check } of ticketStoreRules(() => redisTicketStore(client(), patient))) test(name, check)
    })
  })
}

await describeRealms('stores on Redis', ['redis'], (info) => {
  const host = `${info.block}.70`

  describe('on one server', () => {
    let server: RedisProcess
    beforeAll(async () => void (server = await startRedis({ host, port: 6379 })))
    afterAll(() => server[Symbol.asyncDispose]())
    for (const library of LIBRARIES) describeStores(`through ${library}`, () => openClient(library, server))

    test('a prefix keeps the keys of two services apart', async () => {
      await using opened = await openClient('redis', server)
      const [one, other] = ['one:', 'other:'].map((prefix) => redisReplayStore(opened.client, { prefix }))
      const digest = new Uint8Array(32).fill(7)
      expect(await one.remember(digest, Date.now() + 60_000)).toBe('fresh')
      expect(await other.remember(digest, Date.now() + 60_000)).toBe('fresh')
      const name = `replay:1:${Buffer.from(digest).toString('base64url')}`
      expect(await server.command('EXISTS', `one:${name}`, `other:${name}`, `s4u:${name}`)).toBe(2)
    })
  })

  describe('on Sentinel', () => {
    let site: SentinelSite
    beforeAll(async () => void (site = await startSentinelSite(`${info.block}.71`, 6379)))
    afterAll(() => site[Symbol.asyncDispose]())
    for (const library of LIBRARIES)
      describeStores(`through ${library}`, () => openSentinelClient(library, site.name, site.sentinels))
  })

  describe('on a cluster', () => {
    let site: ClusterSite
    beforeAll(async () => void (site = await startClusterSite(`${info.block}.72`, 6379)))
    afterAll(() => site[Symbol.asyncDispose]())
    for (const library of LIBRARIES)
      describeStores(`through ${library}`, () => openClusterClient(library, site.servers))
  })
})
