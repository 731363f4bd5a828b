import { createInitiator } from '@s4u/gssapi'
import { createNegotiator, type Negotiator } from '@s4u/negotiate'
import { type RedisClient, redisAttempts, redisEpochs, redisReplayStore, redisTicketStore } from '@s4u/redis'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { API, corporation, Desktop, WEB } from '../stories/fixtures/corporation.js'
import { openClient } from './redis-clients.js'
import { type RedisProcess, startRedis } from './redis-servers.js'

/**
 * What a release has written into cookies and Redis is read by the present version, so that
 * instances of both serve side by side. `recorded/VERSION.json` was recorded by that version, with
 * `S4U_RECORD=VERSION` in the environment of this test.
 *
 * When a format changes, one of these tests fails. Then either read both, or give the format
 * another version in its name (`epoch:2:`), say in CHANGELOG.md what happens to sessions and
 * tickets while the fleet is upgraded, and change what is expected of the older file here.
 */
const folder = new URL('recorded/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

/** Octets are in base64. */
interface Recorded {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly secret: string
  readonly keytab: string
  readonly cookies: Readonly<Record<'alice' | 'bob', string>>
  /** A token of alice that was accepted. */
  readonly authorization: string
  /** Every key that is a text. */
  readonly texts: Readonly<Record<string, string>>
  /** Every key that is a hash. */
  readonly hashes: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const RULE = { kind: 'user', limit: 2, window: 3_600_000, runsFrom: 'first' } as const

function instanceOn(
  client: RedisClient,
  { secret, keytab, at }: Pick<Recorded, 'secret' | 'keytab' | 'at'>,
  kdc: object,
) {
  const now = (): number => at
  const codes: string[] = []
  const epochs = redisEpochs(client, { secret, now })
  const negotiator = createNegotiator({
    keytab: Buffer.from(keytab, 'base64'),
    now,
    replayCache: redisReplayStore(client, { now }),
    session: { kind: 'cookie', keys: [secret], secure: false, maxAge: 3_600_000, isRevoked: epochs.isRevoked },
    delegation: { principal: 'web' },
    kdc: { ...kdc, cache: { shared: { store: redisTicketStore(client), secret } } },
    onFailed: ({ error }) => void codes.push(error.code),
  })
  return { negotiator, codes, epochs, attempts: redisAttempts(client, { secret }) }
}

async function cookieOf(negotiator: Negotiator, authorization: string): Promise<string> {
  const outcome = await negotiator.authenticate({ headers: { authorization } })
  const set = outcome.headers?.['Set-Cookie'] ?? []
  return (typeof set === 'string' ? [set] : set).map((line) => line.split(';')[0]).join('; ')
}

await describeRealms('what a release has written', ['redis'], (info) => {
  let server: RedisProcess
  beforeAll(async () => void (server = await startRedis({ host: `${info.block}.82`, port: 6379 })))
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(async () => void (await server.command('FLUSHALL')))

  for (const file of files) {
    const recorded = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Recorded

    async function restored() {
      const opened = await openClient('ioredis', server)
      const call = (command: string, ...parts: (string | Buffer)[]) => Object(opened.client).call(command, ...parts)
      for (const [key, value] of Object.entries(recorded.texts)) await call('SET', key, Buffer.from(value, 'base64'))
      for (const [key, fields] of Object.entries(recorded.hashes))
        await call('HSET', key, ...Object.entries(fields).flat())
      // Nothing answers there: what is found was in the store.
      const nowhere = { kdc: `tcp/${info.block}.82:1`, realm: 'AD.TEST' }
      return { ...instanceOn(opened.client, { ...recorded, at: recorded.at + 60_000 }, nowhere), opened }
    }

    test(`a session of ${file} goes on, and finds the ticket for its backend`, async () => {
      const { negotiator, opened } = await restored()
      await using _closed = opened
      const outcome = await negotiator.authenticate({ headers: { cookie: recorded.cookies.alice } })
      if (outcome.status !== 'authenticated') throw new Error('not let in')
      expect([outcome.identity.principal, outcome.by]).toEqual(['alice@AD.TEST', 'session'])
      const { client, service } = await outcome.identity.impersonate().ticketFor(API)
      expect([client.name.nameString, service.name.nameString]).toEqual([['alice'], API.split('/')])
    })

    test(`a session that an instance of ${file} has ended stays ended`, async () => {
      const { negotiator, codes, opened } = await restored()
      await using _closed = opened
      const outcome = await negotiator.authenticate({ headers: { cookie: recorded.cookies.bob } })
      expect([outcome.status, codes]).toEqual(['challenge', ['S4U_SESSION_REVOKED']])
    })

    test(`a token that an instance of ${file} has accepted is a replay`, async () => {
      const { negotiator, codes, opened } = await restored()
      await using _closed = opened
      const { authorization } = recorded
      const outcome = await negotiator.authenticate({ headers: { authorization } })
      expect([outcome.status, codes]).toEqual(['challenge', ['KRB_AP_ERR_REPEAT']])
    })

    test(`attempts that an instance of ${file} has counted count`, async () => {
      const { attempts, opened } = await restored()
      await using _closed = opened
      expect(await attempts.take('of a user', RULE)).toMatchObject({ allowed: true })
      expect(await attempts.take('of a user', RULE)).toMatchObject({ allowed: false })
    })
  }

  test('there is a record of the present formats', () => {
    const { version }: { version: string } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    )
    expect(files.length).toBeGreaterThan(0)
    expect(files.some((name) => name.localeCompare(`${version}.json`, 'en', { numeric: true }) >= 0)).toBe(true)
  })

  const version = process.env.S4U_RECORD
  if (version !== undefined)
    test('records', async () => {
      const at = Date.UTC(2026, 10, 30, 12)
      await using realm = await corporation(() => at)
      await using opened = await openClient('ioredis', server)
      const keytab = Buffer.from(realm.keytabFile('web')).toString('base64')
      const secret = randomBytes(32).toString('base64')
      const { transport: kdc } = realm
      const made = instanceOn(opened.client, { secret, keytab, at }, { kdc, realm: 'AD.TEST' })
      const { negotiator, epochs, attempts } = made
      const tokenOf = async (user: string): Promise<string> => {
        const ticket = await new Desktop(realm, user).ticketFor(WEB)
        return createInitiator({ ticket, now: () => at }).authorization
      }
      const authorization = await tokenOf('alice')
      const alice = await cookieOf(negotiator, authorization)
      const outcome = await negotiator.authenticate({ headers: { cookie: alice } })
      if (outcome.status !== 'authenticated') throw new Error('not let in')
      await outcome.identity.impersonate().ticketFor(API)
      const bob = await cookieOf(negotiator, await tokenOf('bob'))
      await epochs.end({ principal: 'bob@AD.TEST' })
      await attempts.take('of a user', RULE)
      const recorded: Recorded = { at, secret, keytab, cookies: { alice, bob }, authorization, ...(await contents()) }
      writeFileSync(new URL(`${version}.json`, folder), `${JSON.stringify(recorded, undefined, 2)}\n`)
    })

  async function contents(): Promise<Pick<Recorded, 'texts' | 'hashes'>> {
    await using opened = await openClient('ioredis', server)
    const { client } = opened
    const call = (command: string, ...parts: string[]) => Object(client).callBuffer(command, ...parts)
    const texts: Record<string, string> = {}
    const hashes: Record<string, Record<string, string>> = {}
    for (const key of ((await server.command('KEYS', '*')) as string[]).toSorted()) {
      if (key.includes(':attempt:')) {
        const fields = (await call('HGETALL', key)).map(String) as string[]
        hashes[key] = Object.fromEntries(
          fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1]]] : [])),
        )
      } else if (!key.endsWith(':lease')) texts[key] = Buffer.from(await call('GET', key)).toString('base64')
    }
    return { texts, hashes }
  }
})
